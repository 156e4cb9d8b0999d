import Core
import NIOCore
import NIOHTTP2
import NIOSSL
import NIOTLS

/// Watches one connection of ours: when it is ready, told to go away, idle or dead.
final class ClientConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    private let limits: PeerClientLimits
    private let verification: PeerVerification
    private let expected: NodeID
    private let address: PeerAddress
    /// Completed once: with success at the server's SETTINGS, that is, when it has accepted *our* certificate too.
    private var ready: EventLoopPromise<Void>?
    private var failure: TransportError?
    private var setUpTimer: Scheduled<Void>?
    private var probeTimer: Scheduled<Void>?
    private var idleTimer: Scheduled<Void>?
    private var readsSeen: UInt64 = 0
    private var context: ChannelHandlerContext?
    /// Set when the connection is in use; see ``ClientCore``.
    var events: (any ClientConnectionEvents)?

    init(
        limits: PeerClientLimits,
        verification: PeerVerification,
        expected: NodeID,
        address: PeerAddress,
        ready: EventLoopPromise<Void>
    ) {
        self.limits = limits
        self.verification = verification
        self.expected = expected
        self.address = address
        self.ready = ready
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func channelActive(context: ChannelHandlerContext) {
        let limit = limits.handshakeTimeMax
        setUpTimer = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(limit)) {
            let text = "\(self.address) did not complete the handshake within \(limit)"
            self.fail(TransportError(.timedOut, text))
            context.close(promise: nil)
        }
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted(let negotiated)? = event as? TLSUserEvent,
            negotiated != HTTP2Profile.applicationProtocol || verification.peer != expected
        {
            fail(TransportError(.handshake, "\(address) does not speak HTTP/2 over TLS 1.3"))
            context.close(promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data).payload {
        case .settings(.settings):
            guard let ready else { return }
            self.ready = nil
            setUpTimer?.cancel()
            ready.succeed()
            watchIdle(context: context)
        case .goAway:
            events?.retire()
        default:
            break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        readsSeen &+= 1
        context.fireChannelReadComplete()
    }

    /// Asks the peer for a sign of life (HTTP/2 PING); silence closes the connection.
    func probe() {
        guard let context, context.channel.isActive, probeTimer == nil else { return }
        let ping = HTTP2Frame(streamID: .rootStream, payload: .ping(HTTP2PingData(withInteger: 1), ack: false))
        context.writeAndFlush(wrapOutboundOut(ping), promise: nil)
        let before = readsSeen
        probeTimer = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(limits.probeTimeMax)) {
            self.probeTimer = nil
            if self.readsSeen == before { context.close(mode: .all, promise: nil) }
        }
    }

    private func watchIdle(context: ChannelHandlerContext) {
        let interval = TimeAmount(limits.idleTimeMax / 2)
        idleTimer = context.eventLoop.assumeIsolated().scheduleTask(in: interval) {
            self.events?.retireIfIdle(since: .now() - interval)
            self.watchIdle(context: context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !(error is NIOHTTP2Errors.StreamError) else { return }
        fail(Self.explain(error, address: address, expected: expected, seen: verification.peer))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
        self.context = nil
        events = nil
    }

    private func end() {
        for timer in [setUpTimer, probeTimer, idleTimer] { timer?.cancel() }
        fail(Self.explain(nil, address: address, expected: expected, seen: verification.peer))
    }

    private func fail(_ error: TransportError) {
        ready?.fail(error)
        ready = nil
    }

    private static func explain(
        _ error: (any Error)?,
        address: PeerAddress,
        expected: NodeID,
        seen: NodeID?
    ) -> TransportError {
        if let seen, seen != expected {
            return TransportError(.wrongPeer, "\(address) is node \(seen), not \(expected)")
        }
        if let error = error as? IOError { return SocketFailure.connect(error, address) }
        let reason = error.map { ": \($0)" } ?? ""
        return TransportError(.handshake, "\(address) closed the connection before it was ready\(reason)")
    }
}

/// What a connection tells its owner.
protocol ClientConnectionEvents {
    /// The peer takes no new requests (GOAWAY).
    func retire()
    /// Time to close the connection if it was not used since `deadline`.
    func retireIfIdle(since deadline: NIODeadline)
}
