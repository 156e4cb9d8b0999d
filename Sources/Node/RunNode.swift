import Control
import Core
import Glibc
import Logging
import Mesh
import NIOPosix
import ServiceLifecycle
import Settings

/// Runs a node until it is told to stop (SIGTERM, SIGINT) or one of its parts fails.
///
/// The gateway's port opens last: when it accepts connections, every command works.
///
/// - Parameter ready: Called once, when everything runs.
/// - Throws: ``ControlError`` with the exit code and the sentence for the user.
public func runNode(
    _ configuration: NodeConfiguration,
    logger: Logger,
    ready: @escaping @Sendable (NodeStatus) -> Void
) async throws {
    try await runNode(
        configuration,
        variation: NodeVariation(),
        trial: RecordTrial(),
        logger: logger,
        ready: ready
    )
}

/// The same for a build that differs from this version.
///
/// - Parameter trial: Where records of peers are decoded first; `nil` for nowhere.
package func runNode(
    _ configuration: NodeConfiguration,
    variation: NodeVariation,
    trial: RecordTrial?,
    logger: Logger,
    ready: @escaping @Sendable (NodeStatus) -> Void
) async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: NodeServices.eventLoops)
    do {
        let parts = try await NodeParts(
            configuration,
            variation: variation,
            trial: trial,
            group: group,
            logger: logger
        )
        let services = NodeServices(parts: parts, logger: logger, ready: ready)
        try await services.run()
        await parts.network.client.shutdown()
        try? await parts.base.work.pool.shutdownGracefully()
    } catch {
        try? await group.shutdownGracefully()
        throw ControlError(error)
    }
    try? await group.shutdownGracefully()
}

/// The parts of a node as one group of services that start in order and stop in reverse.
struct NodeServices: Sendable {
    static let eventLoops = 2
    /// From the end of `exit` to the end of the node.
    static let departureDelay = Duration.milliseconds(300)
    /// How long a new node waits for its mesh to answer.
    static let joinTimeout = Duration.seconds(15)

    let parts: NodeParts
    let logger: Logger
    let ready: @Sendable (NodeStatus) -> Void

    func run() async throws {
        // From here on bytes of others are processed.
        parts.base.records.markCrashes()
        try parts.remember()
        try await parts.publishing.takeBackUnfinished()
        let controller = NodeController(parts: parts, logger: logger)
        let (opened, open) = AsyncStream.makeStream(of: Void.self)
        let control = ControlServer(
            node: controller,
            endpoint: parts.configuration.control,
            dataFolder: parts.base.folder.path,
            logger: logger
        ) { _ in open.finish() }
        let parts = parts
        let group = ServiceGroup(
            configuration: .init(
                services: [
                    .init(service: Background { await parts.mesh.run() }),
                    .init(service: Background { await parts.network.server.run(parts.router) }),
                    .init(service: Background { await parts.copies.run() }),
                    .init(service: Background { await parts.objects.segments.storing.run() }),
                    .init(service: Background { await parts.objects.repair.run() }),
                    .init(service: Background { await parts.objects.upkeep.run() }),
                    .init(service: Background { await parts.objects.scrubbing.run() }),
                    .init(service: Background { await parts.floors.keeper.run() }),
                    .init(service: Background { await parts.collection.run() }),
                    .init(service: Background { await parts.mending.run() }),
                    .init(service: control),
                    .init(
                        service: Background {
                            for await _ in opened {}
                            // The wait also ends when the control port could not be opened.
                            guard !Task.isCancelled else { return }
                            try await self.join()
                            let address = try await parts.gateway.start()
                            try parts.base.founding.save(in: parts.base.folder)
                            controller.gatewayOpened(at: address)
                            try self.submitVariation()
                            ready(try await controller.status())
                            try await parts.gateway.run()
                        }
                    ),
                    .init(service: Background { await parts.publishing.run() }),
                    .init(
                        service: Background {
                            // Stopped otherwise, the wait is cancelled.
                            guard (try? await controller.departed.value()) != nil else { return }
                            // Time for the command to read its answer.
                            try await Task.sleep(for: Self.departureDelay)
                            kill(getpid(), SIGTERM)
                            // A service that ends by itself would end the others as if they had failed.
                            for await _ in AsyncStream<Void>.makeStream().stream {}
                        }
                    ),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger
            )
        )
        try await group.run()
    }

    private func submitVariation() throws {
        let base = parts.base
        for record in parts.variation.submit(base.node, base.founding.genesis.mesh, parts.mesh.meshNow) {
            parts.mesh.deliverLater(try parts.mesh.submit(record.kind, record.bytes))
        }
    }

    /// Waits until somebody of the mesh has answered, where this node was invited and knows nobody yet.
    private func join() async throws {
        guard !parts.base.founding.contacts.isEmpty, parts.mesh.read({ $0.mesh.members.isEmpty }) else { return }
        let deadline = ContinuousClock.now + Self.joinTimeout
        while ContinuousClock.now < deadline {
            if parts.mesh.read({ $0.mesh.aliveCount > 0 }) { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        let addresses = parts.base.founding.contacts.values.joined().map(\.address).joined(separator: ", ")
        throw NodeError(
            .unreachable,
            "nobody of the mesh answered within \(Self.joinTimeout) at \(addresses); "
                + "check that the inviting node runs and that this machine can reach it"
        )
    }
}

/// A part that runs until the group stops.
struct Background: Service {
    let body: @Sendable () async throws -> Void

    init(_ body: @escaping @Sendable () async throws -> Void) {
        self.body = body
    }

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            try await body()
        }
    }
}
