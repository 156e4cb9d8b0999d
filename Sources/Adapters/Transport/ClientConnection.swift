import Core
import NIOCore
import NIOHTTP2

/// One established connection to a peer whose key is proven.
final class ClientConnection: Sendable {
    let peer: NodeID
    let address: PeerAddress
    let channel: any Channel
    private let multiplexer: NIOHTTP2Handler.StreamMultiplexer
    private let watch: NIOLoopBound<ClientConnectionHandler>

    init(
        peer: NodeID,
        address: PeerAddress,
        channel: any Channel,
        multiplexer: NIOHTTP2Handler.StreamMultiplexer,
        watch: NIOLoopBound<ClientConnectionHandler>
    ) {
        self.peer = peer
        self.address = address
        self.channel = channel
        self.multiplexer = multiplexer
        self.watch = watch
    }

    /// Sends the request of `exchange` on a new stream.
    ///
    /// - Returns: Completes when the stream is over or could not be opened.
    func open(
        _ exchange: ClientExchange,
        headDeadline: NIODeadline,
        bodyDeadline: NIODeadline?,
        stallTimeMax: Duration
    ) -> EventLoopFuture<Void> {
        multiplexer.createStreamChannel { channel in
            channel.eventLoop.makeCompletedFuture {
                guard exchange.attach(channel) else { throw TransportError(.cancelled, "given up before it was sent") }
                try channel.syncOptions?.setOption(.autoRead, value: false)
                let handler = ClientStreamHandler(
                    exchange: exchange,
                    headDeadline: headDeadline,
                    bodyDeadline: bodyDeadline,
                    stallTimeMax: stallTimeMax,
                    timedOut: { self.watch.value.probe() }
                )
                try channel.pipeline.syncOperations.addHandler(handler)
            }
        }
        .flatMap { $0.closeFuture }
        .flatMapErrorThrowing { error in
            // No stream: the connection is closing or the peer said GOAWAY. Nothing of the request was sent.
            exchange.fail(TransportError(.connectionLost, "no stream to \(self.peer): \(error)"), unprocessed: true)
        }
    }

    /// Makes `events` hear of the connection's state from now on; call on its event loop.
    func report(to events: any ClientConnectionEvents) {
        watch.value.events = events
    }

    func close() {
        channel.close(promise: nil)
    }
}
