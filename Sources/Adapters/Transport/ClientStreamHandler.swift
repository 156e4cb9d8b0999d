import NIOCore
import NIOHPACK
import NIOHTTP2

/// Sends one request on its HTTP/2 stream and passes the response on, no faster than it is read.
final class ClientStreamHandler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    private let exchange: ClientExchange
    private let headDeadline: NIODeadline
    private let bodyDeadline: NIODeadline?
    private let stallTimeMax: Duration
    /// Told when the peer was silent for too long: is it still there?
    private let timedOut: () -> Void
    private var timer: Scheduled<Void>?
    private var bodyTimer: Scheduled<Void>?
    private var hasHead = false
    private var lastArrival = NIODeadline.now()

    init(
        exchange: ClientExchange,
        headDeadline: NIODeadline,
        bodyDeadline: NIODeadline?,
        stallTimeMax: Duration,
        timedOut: @escaping () -> Void
    ) {
        self.exchange = exchange
        self.headDeadline = headDeadline
        self.bodyDeadline = bodyDeadline
        self.stallTimeMax = stallTimeMax
        self.timedOut = timedOut
    }

    func channelActive(context: ChannelHandlerContext) {
        let body = exchange.body
        let head = HTTP2Frame.FramePayload.Headers(headers: exchange.headers, endStream: body.readableBytes == 0)
        context.write(wrapOutboundOut(.headers(head)), promise: nil)
        if body.readableBytes > 0 {
            context.write(wrapOutboundOut(.data(.init(data: .byteBuffer(body), endStream: true))), promise: nil)
        }
        context.flush()
        context.read()
        let loop = context.eventLoop.assumeIsolated()
        timer = loop.scheduleTask(deadline: headDeadline) {
            self.expire("no answer came before the deadline", context: context)
        }
        if let bodyDeadline {
            bodyTimer = loop.scheduleTask(deadline: bodyDeadline) {
                self.expire("the answer was not complete at the deadline", context: context)
            }
        }
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        lastArrival = .now()
        switch unwrapInboundIn(data) {
        case .headers(let frame):
            receive(frame.headers, context: context)
            if frame.endStream { exchange.receiveEnd() }
        case .data(let frame):
            guard case .byteBuffer(let buffer) = frame.data else { return }
            exchange.receive(buffer)
            if frame.endStream { exchange.receiveEnd() }
        default:
            break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if exchange.wantsRead() { context.read() }
        context.fireChannelReadComplete()
    }

    private func receive(_ headers: HPACKHeaders, context: ChannelHandlerContext) {
        // 1xx announces another head; a second head after the final one is trailers.
        guard !hasHead, let status = headers.first(name: ":status").flatMap({ Int($0) }), status >= 200 else { return }
        hasHead = true
        exchange.receiveHead(
            ClientExchange.Head(
                status: status,
                contentLength: headers.first(name: "content-length").flatMap { Int($0) }
            )
        )
        // The text of a refusal has to be here by the deadline of its head.
        if (200...299).contains(status) { watchBody(context: context) }
    }

    /// Gives up on a body of which nothing comes while its reader waits.
    private func watchBody(context: ChannelHandlerContext) {
        let limit = TimeAmount(stallTimeMax)
        timer?.cancel()
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: limit) {
            guard let since = self.exchange.starvedSince(lastArrival: self.lastArrival), .now() - since >= limit else {
                return self.watchBody(context: context)
            }
            self.expire("no byte of the answer came within \(self.stallTimeMax)", context: context)
        }
    }

    private func expire(_ text: String, context: ChannelHandlerContext) {
        guard !exchange.isOver else { return }
        exchange.fail(TransportError(.timedOut, text))
        context.close(promise: nil)
        timedOut()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let closed = error as? NIOHTTP2Errors.StreamClosed {
            let refused = closed.errorCode == .refusedStream
            exchange.fail(
                TransportError(.reset, "the peer reset the request (\(closed.errorCode))"),
                unprocessed: refused
            )
        } else {
            exchange.fail(TransportError(.reset, "the answer broke HTTP/2: \(error)"))
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        bodyTimer?.cancel()
        exchange.fail(TransportError(.connectionLost, "the connection went away before the answer was complete"))
        context.fireChannelInactive()
    }
}
