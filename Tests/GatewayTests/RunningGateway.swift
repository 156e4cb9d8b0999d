import Core
import Gateway
import NIOPosix

/// Runs `body` with a gateway on a loopback port, and stops the gateway afterwards.
func withGateway(
    _ source: MemorySource,
    adjust: (inout GatewayConfiguration) -> Void = { _ in },
    _ body: (GatewayServer, Int) async throws -> Void
) async throws {
    var configuration = GatewayConfiguration(host: "127.0.0.1", port: 0)
    configuration.limits.shutdown = .seconds(1)
    // A busy machine must not turn into a time-out; the tests of time-outs set their own.
    configuration.limits.answer = .seconds(120)
    configuration.limits.turn = .seconds(120)
    configuration.limits.requestHead = .seconds(120)
    configuration.limits.stall = .seconds(120)
    adjust(&configuration)
    let server = try await GatewayServer(
        configuration: configuration,
        source: source,
        group: MultiThreadedEventLoopGroup.singleton
    )
    let port = try await server.start().port ?? 0
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await server.run() }
        do {
            try await body(server, port)
        } catch {
            server.beginShutdown()
            throw error
        }
        server.beginShutdown()
        try await group.waitForAll()
    }
}

extension MemorySource {
    /// A source that has all of `site` on this machine.
    convenience init(_ site: TestSite, onDisk: Bool = false, gap: Int = 0) {
        self.init()
        let file = onDisk ? LeafFile(site.leaves, gap: gap) : nil
        let blocks = site.blocks
        with { state in
            state.local = blocks
            state.file = file
        }
    }
}
