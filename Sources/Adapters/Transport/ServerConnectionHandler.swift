import Core
import NIOCore
import NIOHTTP2
import NIOSSL
import NIOTLS

/// Watches one accepted connection: handshake time, whose key it is, and its end.
final class ServerConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame

    private let core: ServerCore
    private let verification: PeerVerification
    private var handshakeTimer: Scheduled<Void>?

    private init(core: ServerCore, verification: PeerVerification) {
        self.core = core
        self.verification = verification
    }

    /// Sets an accepted channel up: TLS, HTTP/2, and one ``ServerStreamHandler`` for each request.
    static func configure(_ channel: any Channel, identity: NodeIdentity, core: ServerCore) throws {
        guard core.admit(channel) else { throw TransportError(.busy, "too many connections") }
        channel.closeFuture.whenComplete { _ in core.closed(channel) }
        try SocketOptions.apply(to: channel)
        let verification = PeerVerification(expected: nil)
        let remoteAddress = PeerAddress(channel.remoteAddress)
        let management = NIOHTTP2ServerConnectionManagementHandler(
            eventLoop: channel.eventLoop,
            configuration: .init(
                maxIdleTime: TimeAmount(core.limits.idleTimeMax),
                maxAge: nil,
                maxGraceTime: TimeAmount(core.limits.graceTimeMax),
                keepalive: .init(pingInterval: .seconds(60), ackTimeout: .seconds(20))
            )
        )
        let (connection, stream) = HTTP2Profile.server(core.limits)
        let http2 = NIOHTTP2Handler(
            mode: .server,
            eventLoop: channel.eventLoop,
            connectionConfiguration: connection,
            streamConfiguration: stream,
            streamDelegate: management.http2StreamDelegate
        ) { channel in
            channel.eventLoop.makeCompletedFuture {
                guard let peer = verification.peer else { throw TransportError(.handshake, "no node key was shown") }
                let handler = ServerStreamHandler(core: core, peer: peer, remoteAddress: remoteAddress)
                try channel.pipeline.syncOperations.addHandler(handler)
            }
        }
        let tls = NIOSSLServerHandler(
            context: identity.serverContext,
            customVerificationCallback: { verification.verify($0, $1) }
        )
        let watch = ServerConnectionHandler(core: core, verification: verification)
        try channel.pipeline.syncOperations.addHandlers(tls, http2, management, watch)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let limit = core.limits.handshakeTimeMax
        handshakeTimer = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(limit)) {
            context.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted(let negotiated)? = event as? TLSUserEvent {
            handshakeTimer?.cancel()
            receiveHandshake(negotiated, context: context)
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func receiveHandshake(_ negotiated: String?, context: ChannelHandlerContext) {
        guard negotiated == HTTP2Profile.applicationProtocol, let peer = verification.peer else {
            return context.close(promise: nil)
        }
        if let excess = core.authenticated(context.channel, as: peer) {
            core.logger.debug("connection closed, too many", metadata: ["peer": "\(peer)"])
            excess.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A stream error ends only its stream; anything else has broken the connection.
        guard !(error is NIOHTTP2Errors.StreamError) else { return }
        core.logger.debug(
            "connection failed",
            metadata: ["remote": "\(context.remoteAddress?.description ?? "?")", "error": "\(error)"]
        )
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        handshakeTimer?.cancel()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        handshakeTimer?.cancel()
    }
}
