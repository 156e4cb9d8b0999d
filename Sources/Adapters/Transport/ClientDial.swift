import Core
import NIOCore
import NIOHTTP2
import NIOPosix
import NIOSSL

/// Opens a connection to one node at the first of its addresses that answers with its key.
///
/// Addresses are tried in order, each with a head start over the next (RFC 8305); confined to one event loop.
final class ClientDial {
    private let peer: NodeID
    private let identity: NodeIdentity
    private let limits: PeerClientLimits
    private let loop: any EventLoop
    private let promise: EventLoopPromise<ClientConnection>
    private var waiting: ArraySlice<PeerAddress>
    private var running = 0
    private var failures: [TransportError] = []
    private var stagger: Scheduled<Void>?
    private var isOver = false

    private init(
        peer: NodeID,
        addresses: [PeerAddress],
        identity: NodeIdentity,
        limits: PeerClientLimits,
        promise: EventLoopPromise<ClientConnection>
    ) {
        self.peer = peer
        self.identity = identity
        self.limits = limits
        self.promise = promise
        loop = promise.futureResult.eventLoop
        waiting = addresses[...]
    }

    /// Starts on `loop`; the future fails with a ``TransportError``.
    static func start(
        peer: NodeID,
        addresses: [PeerAddress],
        identity: NodeIdentity,
        limits: PeerClientLimits,
        on loop: any EventLoop
    ) -> EventLoopFuture<ClientConnection> {
        let promise = loop.makePromise(of: ClientConnection.self)
        loop.execute {
            ClientDial(peer: peer, addresses: addresses, identity: identity, limits: limits, promise: promise).next()
        }
        return promise.futureResult
    }

    private func next() {
        guard !isOver, let address = waiting.popFirst() else { return }
        running += 1
        attempt(address).assumeIsolated().whenComplete { self.finish($0) }
        guard !waiting.isEmpty else { return }
        stagger = loop.assumeIsolated().scheduleTask(in: TimeAmount(limits.staggerTime)) { self.next() }
    }

    private func finish(_ result: Result<ClientConnection, any Error>) {
        running -= 1
        switch result {
        case .success(let connection):
            guard !isOver else { return connection.close() }
            isOver = true
            stagger?.cancel()
            promise.succeed(connection)
        case .failure(let error):
            failures.append(error as? TransportError ?? TransportError(.unreachable, "\(error)"))
            guard !isOver else { return }
            stagger?.cancel()
            if waiting.isEmpty, running == 0 {
                isOver = true
                promise.fail(Self.merge(failures))
            } else {
                next()
            }
        }
    }

    /// One error for all addresses: the code of the one that came farthest, the text of all.
    private static func merge(_ failures: [TransportError]) -> TransportError {
        let farthest: [TransportError.Code] = [.wrongPeer, .handshake, .connectionLost, .timedOut, .refused]
        let code = farthest.first { code in failures.contains { $0.code == code } } ?? .unreachable
        return TransportError(code, failures.map(\.message).joined(separator: "; "))
    }

    private func attempt(_ address: PeerAddress) -> EventLoopFuture<ClientConnection> {
        let ready = loop.makePromise(of: Void.self)
        let (identity, limits, peer) = (identity, limits, peer)
        return ClientBootstrap(group: loop)
            .connectTimeout(TimeAmount(limits.connectTimeMax))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try Self.configure(
                        channel,
                        identity: identity,
                        limits: limits,
                        peer: peer,
                        address: address,
                        ready: ready
                    )
                }
            }
            .connect(to: address.socket)
            .flatMapErrorThrowing { error in
                let failure = SocketFailure.connect(error, address)
                ready.fail(failure)
                throw failure
            }
            .flatMap { channel in
                ready.futureResult.flatMapThrowing { try Self.connection(on: channel, peer: peer, address: address) }
            }
    }

    private static func configure(
        _ channel: any Channel,
        identity: NodeIdentity,
        limits: PeerClientLimits,
        peer: NodeID,
        address: PeerAddress,
        ready: EventLoopPromise<Void>
    ) throws {
        try SocketOptions.apply(to: channel)
        let verification = PeerVerification(expected: peer)
        let tls = try NIOSSLClientHandler(
            context: identity.clientContext,
            serverHostname: nil,
            customVerificationCallback: { verification.verify($0, $1) }
        )
        let (connection, stream) = HTTP2Profile.client(limits)
        let http2 = NIOHTTP2Handler(
            mode: .client,
            eventLoop: channel.eventLoop,
            connectionConfiguration: connection,
            streamConfiguration: stream
        ) { pushed in
            // Pushed streams are disabled in our settings; a peer that pushes all the same has no handler here.
            pushed.close()
        }
        let watch = ClientConnectionHandler(
            limits: limits,
            verification: verification,
            expected: peer,
            address: address,
            ready: ready
        )
        try channel.pipeline.syncOperations.addHandlers(tls, http2, watch)
    }

    private static func connection(
        on channel: any Channel,
        peer: NodeID,
        address: PeerAddress
    ) throws -> ClientConnection {
        let pipeline = channel.pipeline.syncOperations
        return ClientConnection(
            peer: peer,
            address: address,
            channel: channel,
            multiplexer: try pipeline.handler(type: NIOHTTP2Handler.self).syncMultiplexer(),
            watch: NIOLoopBound(
                try pipeline.handler(type: ClientConnectionHandler.self),
                eventLoop: channel.eventLoop
            )
        )
    }
}
