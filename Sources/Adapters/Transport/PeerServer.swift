import Core
import Logging
import NIOCore
import NIOPosix

/// Serves the requests of other nodes: HTTP/2 over TLS 1.3 on one port, both sides known by their node keys.
///
/// ```
/// bind ──> run ──> beginShutdown ──> run returns when the last request is answered, or after graceTimeMax
///            └───> task cancelled ─> everything is closed at once, run returns
/// ```
public final class PeerServer: Sendable {
    /// Where the server listens, with the port that the system chose when 0 was asked for.
    public let address: PeerAddress
    private let core: ServerCore
    private let listener: any Channel

    private init(address: PeerAddress, core: ServerCore, listener: any Channel) {
        self.address = address
        self.core = core
        self.listener = listener
    }

    /// Connections the kernel keeps while none is accepted.
    static let backlogMax: CInt = 256

    /// Takes the port; connections wait in the kernel until ``run(_:)``.
    ///
    /// A port left by a killed process can be taken again at once.
    ///
    /// - Throws: ``TransportError`` `.addressInUse` or `.bindFailed`.
    public static func bind(
        to address: PeerAddress,
        identity: NodeIdentity,
        limits: PeerServerLimits = PeerServerLimits(),
        group: any EventLoopGroup,
        logger: Logger
    ) async throws(TransportError) -> PeerServer {
        let core = ServerCore(limits: limits, logger: logger)
        let bound = await listen(on: address, identity: identity, core: core, group: group).result()
        switch bound {
        case .success(let listener):
            return PeerServer(address: PeerAddress(listener.localAddress) ?? address, core: core, listener: listener)
        case .failure(let error):
            throw SocketFailure.bind(error, address)
        }
    }

    private static func listen(
        on address: PeerAddress,
        identity: NodeIdentity,
        core: ServerCore,
        group: any EventLoopGroup
    ) -> EventLoopFuture<any Channel> {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: backlogMax)
            .serverChannelOption(SocketOptions.reuseAddress, value: 1)
            .serverChannelOption(.autoRead, value: false)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try ServerConnectionHandler.configure(channel, identity: identity, core: core)
                }
            }
            .bind(to: address.socket)
    }

    public var counters: PeerServerCounters { core.counters }

    /// Accepts connections and answers requests, each in a child task, until ``beginShutdown()`` or cancellation.
    public func run(_ handler: some PeerRequestHandling) async {
        if core.start(isMember: { handler.isMember($0) }) {
            listener.setOption(.autoRead, value: true).whenComplete { _ in self.listener.read() }
        }
        await withDiscardingTaskGroup { group in
            for await exchange in core.exchanges {
                group.addTask {
                    await exchange.run(handler)
                    self.core.finished()
                }
            }
            await closeAll()
        }
    }

    /// Stops accepting, tells every peer (GOAWAY), and lets ``run(_:)`` return once open requests are answered.
    ///
    /// Returns at once; safe to call from any thread and more than once.
    public func beginShutdown() {
        guard let connections = core.drain() else { return }
        listener.close(promise: nil)
        let core = core
        let loop = listener.eventLoop
        for channel in connections {
            channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
        let grace = loop.scheduleTask(in: TimeAmount(core.limits.graceTimeMax)) {
            for channel in core.close() { channel.close(promise: nil) }
        }
        EventLoopFuture.andAllComplete(connections.map(\.closeFuture), on: loop).whenComplete { _ in
            grace.cancel()
            _ = core.close()
        }
    }

    private func closeAll() async {
        let open = core.close()
        listener.close(promise: nil)
        for channel in open { channel.close(promise: nil) }
        for channel in open { try? await channel.closeFuture.get() }
        try? await listener.closeFuture.get()
    }
}
