import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// The HTTP gateway: public content over HTTP/1.1, verified before it is served.
///
/// `start` opens the port, `run` serves until the task is cancelled or ``beginShutdown()`` is called, and then ends what
/// is being answered within the configured time.
public final class GatewayServer: Sendable {
    /// Threads for reading the disk.
    public static let diskThreads = 2

    private let shared: GatewayShared
    private let pool: NIOThreadPool
    private let group: any EventLoopGroup
    private let loops: [ObjectIdentifier: NIOLoopBound<GatewayLoop>]
    private let eventLoops: [any EventLoop]
    private let counts: [LoopCounters]
    private let listener = Mutex<Listener>(.idle)

    private enum Listener {
        case idle
        case open(any Channel)
        case stopped
    }

    /// - Parameters:
    ///   - group: The event loops to serve on; they stay the caller's.
    ///   - source: Where content comes from.
    public init(configuration: GatewayConfiguration, source: any ContentSource, group: any EventLoopGroup) async throws
    {
        var configuration = configuration
        configuration.connectionsMax = min(configuration.connectionsMax, Self.connectionsPossible())
        pool = NIOThreadPool(numberOfThreads: Self.diskThreads)
        let responder = GatewayResponder(
            source: source,
            disk: DiskReader(pool: pool),
            subdomainHosts: configuration.subdomainHosts
        )
        let shared = GatewayShared(configuration: configuration, responder: responder)
        self.shared = shared
        self.group = group
        eventLoops = Array(group.makeIterator())
        counts = eventLoops.map { _ in LoopCounters() }
        let seed = UInt64.random(in: .min ... .max)
        var loops: [ObjectIdentifier: NIOLoopBound<GatewayLoop>] = [:]
        let count = eventLoops.count
        for (eventLoop, counters) in zip(eventLoops, counts) {
            loops[ObjectIdentifier(eventLoop)] = try await eventLoop.submit {
                let loop = GatewayLoop(
                    eventLoop: eventLoop,
                    shared: shared,
                    counters: counters,
                    loopCount: count,
                    seed: seed
                )
                return NIOLoopBound(loop, eventLoop: eventLoop)
            }.get()
        }
        self.loops = loops
    }

    /// Descriptors that this process may open, less what everything but connections needs.
    private static func connectionsPossible() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 512 }
        return max(64, Int(clamping: limit.rlim_cur) * 3 / 4)
    }

    /// Opens the port.
    ///
    /// - Returns: The address that is listened on.
    /// - Throws: ``GatewayError`` when it cannot be opened.
    @discardableResult
    public func start() async throws(GatewayError) -> SocketAddress {
        let (host, port) = (shared.configuration.host, shared.configuration.port)
        do {
            pool.start()
            let channel = try await bootstrap().bind(host: host, port: port).get()
            listener.withLock { $0 = .open(channel) }
            guard let address = channel.localAddress else { throw ChannelError.unknownLocalAddress }
            return address
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            try? await pool.shutdownGracefully()
            throw GatewayError(
                .portTaken,
                "port \(port) on \(host) is taken by another process; choose another with --gateway",
                cause: error
            )
        } catch {
            try? await pool.shutdownGracefully()
            throw GatewayError(.cannotListen, "cannot listen on \(host) port \(port)", cause: error)
        }
    }

    private func bootstrap() -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 128 * 1_024, high: 512 * 1_024))
            .childChannelInitializer { [self] channel in addHandler(to: channel) }
    }

    private func addHandler(to channel: any Channel) -> EventLoopFuture<Void> {
        guard let loop = loops[ObjectIdentifier(channel.eventLoop)]?.value else {
            return channel.eventLoop.makeFailedFuture(ChannelError.inappropriateOperationForState)
        }
        let (_, open) = shared.connections.add(1, ordering: .relaxed)
        guard open <= shared.configuration.connectionsMax, !loop.isDraining else {
            shared.connections.subtract(1, ordering: .relaxed)
            loop.counters.countConnectionRefused()
            return channel.eventLoop.makeFailedFuture(ChannelError.ioOnClosedChannel)
        }
        return channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(HTTPConnectionHandler(loop: loop))
        }
    }

    /// Serves until the task is cancelled or ``beginShutdown()`` is called; opens the port if ``start()`` did not.
    public func run() async throws {
        if case .idle = listener.withLock({ $0 }) { try await start() }
        guard case .open(let channel) = listener.withLock({ $0 }) else { return }
        try await withTaskCancellationHandler {
            try await channel.closeFuture.get()
        } onCancel: {
            beginShutdown()
        }
        await drain()
        try await pool.shutdownGracefully()
    }

    /// Stops listening; ``run()`` returns when the answers in progress have ended.
    public func beginShutdown() {
        let last = listener.withLock { listener in
            defer { listener = .stopped }
            return listener
        }
        if case .open(let channel) = last { channel.close(promise: nil) }
    }

    private func drain() async {
        let timeout = TimeAmount(shared.configuration.limits.shutdown)
        for eventLoop in eventLoops {
            guard let loop = loops[ObjectIdentifier(eventLoop)] else { continue }
            let promise = eventLoop.makePromise(of: Void.self)
            eventLoop.execute { loop.value.drain(promise) }
            let forced = eventLoop.scheduleTask(in: timeout) { loop.value.closeAll() }
            try? await promise.futureResult.get()
            forced.cancel()
        }
    }

    /// Forgets the answers kept in memory: after content was withdrawn or a damaged file was found.
    public func forgetAnswers() {
        shared.cacheEpoch.add(1, ordering: .relaxed)
    }

    /// What the gateway has done since it started.
    public var counters: GatewayCounters {
        counts.map(\.snapshot).reduce(GatewayCounters(), +)
    }
}
