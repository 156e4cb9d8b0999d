import Control
import Logging
import ServiceLifecycle
import Settings
import TestFolders

/// A folder of its own for each test, removed at the end.
func withFolder<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    try await withTemporaryFolder { try await body($0.path) }
}

/// A control server on loopback, from when it takes commands until `body` is done; then it is stopped in good order.
func withServer<Value: Sendable>(
    _ node: FakeNode,
    folder: String,
    _ body: @escaping @Sendable (Endpoint, ServiceGroup) async throws -> Value
) async throws -> Value {
    let (addresses, announced) = AsyncStream.makeStream(of: Endpoint.self)
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    let server = ControlServer(
        node: node,
        endpoint: Endpoint(host: "127.0.0.1", port: 0),
        dataFolder: folder,
        logger: logger,
        onReady: { announced.yield($0) }
    )
    let services = ServiceGroup(
        configuration: .init(services: [.init(service: server)], logger: logger)
    )
    return try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask {
            defer { announced.finish() }
            try await services.run()
            return nil
        }
        group.addTask {
            guard let address = await addresses.first(where: { _ in true }) else { return nil }
            do {
                let value = try await body(address, services)
                await services.triggerGracefulShutdown()
                return value
            } catch {
                await services.triggerGracefulShutdown()
                throw error
            }
        }
        var value: Value?
        while let next = try await group.next() { value = next ?? value }
        guard let value else { throw ControlError(.failed, "the server ended before it took commands") }
        return value
    }
}
