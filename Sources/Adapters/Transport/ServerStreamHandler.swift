import Core
import NIOCore
import NIOHPACK
import NIOHTTP2

/// Collects one request from its HTTP/2 stream, within limits, and hands it over.
final class ServerStreamHandler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    private enum State {
        case awaitingHead
        case receiving(path: String, body: ByteBuffer)
        case answering(ResponsePipe)
        case over
    }

    private let core: ServerCore
    private let peer: NodeID
    private let remoteAddress: PeerAddress?
    private var state = State.awaitingHead
    private var requestComplete = false
    private var timer: Scheduled<Void>?
    /// Bytes of this request that count against ``PeerServerLimits/requestBytesTotalMax``.
    private var bytesReserved = 0

    init(core: ServerCore, peer: NodeID, remoteAddress: PeerAddress?) {
        self.core = core
        self.peer = peer
        self.remoteAddress = remoteAddress
    }

    private var limits: PeerServerLimits { core.limits }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .headers(let frame):
            if case .awaitingHead = state {
                receiveHead(frame.headers, context: context)
            }
            if frame.endStream { complete(context: context) }
        case .data(let frame):
            guard case .byteBuffer(let buffer) = frame.data else { return }
            receive(buffer, context: context)
            if frame.endStream { complete(context: context) }
        default:
            break
        }
    }

    private func receiveHead(_ headers: HPACKHeaders, context: ChannelHandlerContext) {
        guard headers.first(name: ":method") == "POST" else {
            return refuse(405, "requests between nodes are POST", context: context)
        }
        guard let path = headers.first(name: ":path"), path.hasPrefix("/") else {
            return refuse(400, "the path does not begin with /", context: context)
        }
        guard path.utf8.count <= limits.pathBytesMax else {
            return refuse(414, "the path is longer than \(limits.pathBytesMax) bytes", context: context)
        }
        if let length = headers.first(name: "content-length").flatMap({ Int($0) }),
            length > limits.requestBodyBytesMax
        {
            return refuseLarge(context: context)
        }
        state = .receiving(path: path, body: ByteBuffer())
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(limits.requestTimeMax)) {
            self.refuse(408, "the request was not complete within \(self.limits.requestTimeMax)", context: context)
        }
    }

    private func receive(_ buffer: ByteBuffer, context: ChannelHandlerContext) {
        guard case .receiving(let path, var body) = state else { return }
        guard body.readableBytes + buffer.readableBytes <= limits.requestBodyBytesMax else {
            return refuseLarge(context: context)
        }
        guard core.reserve(bytes: buffer.readableBytes) else {
            return refuse(503, "too many request bytes in memory", context: context)
        }
        bytesReserved += buffer.readableBytes
        state = .over  // so that `body` is the only reference and grows in place
        if body.readableBytes == 0 {
            body = buffer
        } else {
            body.writeImmutableBuffer(buffer)
        }
        state = .receiving(path: path, body: body)
    }

    private func complete(context: ChannelHandlerContext) {
        requestComplete = true
        guard case .receiving(let path, let body) = state else { return }
        timer?.cancel()
        let pipe = ResponsePipe(channel: context.channel, bytesPendingMax: limits.responseBytesPendingMax)
        let request = PeerRequest(peer: peer, remoteAddress: remoteAddress, path: path, body: body)
        guard core.submit(ServerExchange(request: request, pipe: pipe)) else {
            return refuse(503, "the node is busy", context: context)
        }
        state = .answering(pipe)
        watch(pipe, bytesSeen: 0, startDeadline: .now() + TimeAmount(limits.responseStartTimeMax), context: context)
    }

    /// Ends a response that does not start, or that the peer does not read.
    private func watch(
        _ pipe: ResponsePipe,
        bytesSeen: Int,
        startDeadline: NIODeadline,
        context: ChannelHandlerContext
    ) {
        let interval = TimeAmount(min(limits.responseStallTimeMax, limits.responseStartTimeMax))
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: interval) {
            let taken = pipe.bytesTaken
            if !pipe.isStarted, .now() >= startDeadline {
                self.core.count { $0.timeOuts += 1 }
                pipe.send(status: 503, body: ByteBuffer(string: "no answer within \(self.limits.responseStartTimeMax)"))
            } else if pipe.bytesPending > 0, taken == bytesSeen {
                self.core.count { $0.timeOuts += 1 }
                let limit = self.limits.responseStallTimeMax
                pipe.close(TransportError(.timedOut, "the peer took no byte of the response within \(limit)"))
                return context.close(promise: nil)
            }
            self.watch(pipe, bytesSeen: taken, startDeadline: startDeadline, context: context)
        }
    }

    private func refuseLarge(context: ChannelHandlerContext) {
        refuse(413, "the request body is over the limit of \(limits.requestBodyBytesMax) bytes", context: context)
    }

    /// Answers without asking the handler, and drops what else comes.
    private func refuse(_ status: Int, _ text: String, context: ChannelHandlerContext) {
        timer?.cancel()
        state = .over
        releaseBytes()
        core.count { $0.requestsRefused += 1 }
        let body = ByteBuffer(string: text)
        let headers: HPACKHeaders = [":status": "\(status)", "content-length": "\(body.readableBytes)"]
        context.write(wrapOutboundOut(.headers(.init(headers: headers))), promise: nil)
        context.write(wrapOutboundOut(.data(.init(data: .byteBuffer(body), endStream: true))), promise: nil)
        if !requestComplete {
            // RFC 9113, section 8.1: the rest of the request is not wanted, and that is no error.
            context.write(wrapOutboundOut(.rstStream(.noError)), promise: nil)
        }
        context.flush()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The stream ends with `channelInactive`, which says all that matters here.
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        if case .answering(let pipe) = state {
            pipe.close(TransportError(.reset, "the peer \(peer) gave up the request"))
        }
        releaseBytes()
        state = .over
        context.fireChannelInactive()
    }

    private func releaseBytes() {
        core.release(bytes: bytesReserved)
        bytesReserved = 0
    }
}
