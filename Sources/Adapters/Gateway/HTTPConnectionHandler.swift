import Glibc
import NIOCore

/// One connection of a gateway, on its event loop: reads requests, answers the known ones from memory at once, and gives
/// the others to the responder one at a time.
///
///     reading ──plain, known──▶ reading          (answered in place; no task, no lock)
///        │
///        └─▶ waiting ─turn─▶ preparing ─head─▶ sending ─end─▶ reading
///                                │               │
///                                └──error────────┴─▶ lingering ─▶ closed
final class HTTPConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    /// Most bytes of further requests that are taken in while one is being answered; then the socket is left alone.
    static let pipelinedBytesMax = 64 * 1_024
    /// Most bytes that are read and dropped after the last answer, so that its reader is not cut off.
    static let lingerBytesMax = 1 << 20

    enum Phase {
        case reading
        case waiting(PendingRequest)
        case preparing
        case sending
        case lingering
        case closed
    }

    /// A request that is not answered from memory.
    struct PendingRequest {
        var request: GatewayRequest
        /// How the answer may be stored; `nil` when it may not.
        var slot: CacheSlot?
    }

    struct CacheSlot {
        var hash: UInt64
        var key: [UInt8]
    }

    let loop: GatewayLoop
    private let ticks: TickLimits
    private(set) var context: ChannelHandlerContext?
    var phase = Phase.reading
    /// Whether the request being answered keeps its connection, was a HEAD, and speaks HTTP/1.1.
    var current = HTTPRequestHead()
    var currentSlot: CacheSlot?
    /// Tells the answers of this connection apart, so that a late one is dropped.
    var generation: UInt64 = 0
    var task: Task<Void, Never>?
    var outgoing = OutgoingBody()
    private var inbound = ByteBuffer()
    private var parser = HTTPRequestParser()
    private var lastTick: UInt32 = 0
    private var isReadingHead = false
    /// The client sends requests and does not take the answers.
    private var isHeldByClient = false
    private var isInputClosed = false
    private var isReadHeld = false
    private var needsFlush = false
    private var lingered = 0

    /// The configured durations in ticks of the event loop.
    struct TickLimits {
        let head, idle, answer, turn, stall, linger: UInt32

        init(_ limits: GatewayTimeLimits) {
            head = GatewayLoop.ticks(limits.requestHead)
            idle = GatewayLoop.ticks(limits.idle)
            answer = GatewayLoop.ticks(limits.answer)
            turn = GatewayLoop.ticks(limits.turn)
            stall = GatewayLoop.ticks(limits.stall)
            linger = GatewayLoop.ticks(limits.linger)
        }
    }

    init(loop: GatewayLoop) {
        self.loop = loop
        ticks = TickLimits(loop.shared.configuration.limits)
    }

    // MARK: - Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop.add(self)
        lastTick = loop.tick &+ ticks.head
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var incoming = unwrapInboundIn(data)
        if case .lingering = phase {
            lingered += incoming.readableBytes
            if lingered > Self.lingerBytesMax { context.close(promise: nil) }
            return
        }
        if inbound.readableBytes == 0 {
            inbound = incoming
        } else {
            inbound.writeBuffer(&incoming)
        }
        process(context)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        flushIfNeeded(context)
    }

    func read(context: ChannelHandlerContext) {
        if inbound.readableBytes > Self.pipelinedBytesMax {
            isReadHeld = true
        } else {
            context.read()
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, case .reading = phase {
            isHeldByClient = false
            resume()
        }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case ChannelEvent.inputClosed? = event as? ChannelEvent else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        isInputClosed = true
        switch phase {
        case .lingering: context.close(promise: nil)
        case .reading: resume()
        case .waiting, .preparing, .sending, .closed: break
        }
    }

    // MARK: - Reading requests

    /// What the front of the unread bytes is.
    private enum Step {
        case incomplete
        case known(CachedResponse, HTTPRequestHead, length: Int)
        case other(PendingRequest, HTTPRequestHead, length: Int)
        case refused(HTTPRefusal)
    }

    /// Answers what can be answered; stops at a request that takes time, or when the client does not read.
    private func process(_ context: ChannelHandlerContext) {
        loop.beginBatch()
        while case .reading = phase, inbound.readableBytes > 0 {
            guard context.channel.isWritable else {
                if !isHeldByClient { lastTick = loop.tick &+ ticks.stall }
                isHeldByClient = true
                return
            }
            switch inbound.withUnsafeReadableBytes({ step($0) }) {
            case .known(let response, let head, let length):
                consume(length)
                send(response, for: head, context)
            case .other(let pending, let head, let length):
                consume(length)
                current = head
                begin(pending)
            case .incomplete:
                if !isReadingHead { lastTick = loop.tick &+ ticks.head }
                isReadingHead = true
                if isInputClosed { closeWhenWritten(context) }
                return
            case .refused(let refusal):
                refuse(refusal)
            }
        }
        if case .reading = phase, isInputClosed { closeWhenWritten(context) }
    }

    @inline(__always)
    private func consume(_ length: Int) {
        isReadingHead = false
        inbound.moveReaderIndex(forwardBy: length)
        if inbound.readableBytes == 0 { inbound = Self.noBytes }
        lastTick = loop.tick &+ ticks.idle
    }

    private static let noBytes = ByteBuffer()

    private func step(_ bytes: UnsafeRawBufferPointer) -> Step {
        switch parser.parse(bytes) {
        case .incomplete:
            return .incomplete
        case .refused(let refusal):
            return .refused(refusal)
        case .head(let head, let length):
            let target = UnsafeRawBufferPointer(rebasing: bytes[head.target])
            let hostBytes = UnsafeRawBufferPointer(rebasing: bytes[head.host])
            let isAddress = HostClass.isAddress(hostBytes)
            let host = isAddress ? UnsafeRawBufferPointer(rebasing: bytes[0..<0]) : hostBytes
            let accept = UnsafeRawBufferPointer(rebasing: bytes[head.accept])
            var slot: CacheSlot?
            if head.isPlain, host.count <= HostClass.hostBytesMax,
                let form = AcceptForm.of(accept, isAddress: isAddress)
            {
                let hash = loop.cache.hash(form: form, host: host, target: target)
                if let known = loop.cache.answer(hash, form: form, host: host, target: target, tick: loop.tick) {
                    return .known(known, head, length: length)
                }
                if head.method == .get {
                    slot = CacheSlot(hash: hash, key: ResponseCache.key(form: form, host: host, target: target))
                }
            }
            do {
                return .other(
                    PendingRequest(request: try GatewayRequest(head, in: bytes), slot: slot),
                    head,
                    length: length
                )
            } catch {
                return .refused(error)
            }
        }
    }

    /// Goes on after something that held the connection up has ended.
    func resume() {
        guard let context, case .reading = phase else { return }
        process(context)
        flushIfNeeded(context)
        if isReadHeld, inbound.readableBytes <= Self.pipelinedBytesMax {
            isReadHeld = false
            context.read()
        }
    }

    private func begin(_ pending: PendingRequest) {
        phase = .waiting(pending)
        lastTick = loop.tick &+ ticks.turn
        if loop.takeSlot(for: self) { startWaitingRequest() }
    }

    /// It is this connection's turn; it has a slot.
    func startWaitingRequest() {
        guard case .waiting(let pending) = phase else {
            loop.releaseSlot()
            return
        }
        phase = .preparing
        lastTick = loop.tick &+ ticks.answer
        currentSlot = pending.slot
        generation += 1
        let exchange = ResponseExchange(handler: self, generation: generation)
        let responder = loop.shared.responder
        let request = pending.request
        task = Task { await exchange.run(request, responder) }
    }

    // MARK: - Time-outs and the end

    /// Called every tick.
    func expireIfDue(tick: UInt32) {
        guard tick > lastTick else { return }
        switch phase {
        case .reading:
            guard isReadingHead else {
                closeNow()
                return
            }
            refuse(HTTPRefusal(.requestTimeout, "The request did not arrive whole in time."))
        case .waiting:
            loop.leaveQueue(self)
            phase = .sending
            send(GatewayResponse(HTTPRefusal(.unavailable, "The gateway has too many requests at once; ask again.")))
        case .preparing:
            abandon()
            phase = .sending
            send(GatewayResponse(HTTPRefusal(.gatewayTimeout, "No node delivered this content in time; ask again.")))
        case .sending:
            reset()
        case .lingering:
            closeNow()
        case .closed:
            break
        }
    }

    /// Answers what was no request; nothing behind it can be trusted to be one.
    private func refuse(_ refusal: HTTPRefusal) {
        current = HTTPRequestHead()
        current.keepAlive = false
        phase = .sending
        send(GatewayResponse(refusal))
    }

    /// Progress on the way out: a body of `bytes` has this long to be taken by the client.
    func extendDeadline(bytes: Int) {
        lastTick = loop.tick &+ ticks.stall &+ UInt32(clamping: bytes / (8 * 1_024))
    }

    /// Drops the answer that is being prepared; its slot is free when its task ends.
    func abandon() {
        generation += 1
        task?.cancel()
        task = nil
        currentSlot = nil
    }

    /// The answer is out: the next request may take its time.
    func extendForIdle() {
        lastTick = loop.tick &+ ticks.idle
    }

    func drain() {
        switch phase {
        case .reading: if !isReadingHead, let context { closeWhenWritten(context) }
        case .waiting, .preparing, .sending: current.keepAlive = false
        case .lingering, .closed: break
        }
    }

    func closeNow() {
        context?.close(promise: nil)
    }

    /// Breaks the connection off with a TCP reset: nobody takes what came for the whole.
    func reset() {
        guard let context else { return }
        loop.counters.countReset()
        abandon()
        guard let socket = context.channel as? any SocketOptionProvider else {
            context.close(promise: nil)
            return
        }
        let isSet = socket.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        isSet.assumeIsolated().whenComplete { [self] _ in closeNow() }
    }

    private func end() {
        if case .closed = phase { return }
        loop.leaveQueue(self)
        phase = .closed
        abandon()
        outgoing.fail()
        loop.remove(self)
    }

    /// Everything written so far goes out, then the connection ends in order.
    private func closeWhenWritten(_ context: ChannelHandlerContext) {
        lingerClose(after: ByteBuffer(), context)
    }

    /// Sends `last`, ends the way out, and reads what the client still sends until it ends, too.
    func lingerClose(after last: ByteBuffer, _ context: ChannelHandlerContext) {
        phase = .lingering
        lastTick = loop.tick &+ ticks.linger
        inbound = Self.noBytes
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { [self] _ in
            if isInputClosed {
                closeNow()
            } else {
                self.context?.close(mode: .output, promise: nil)
                if isReadHeld { self.context?.read() }
            }
        }
        needsFlush = false
        loop.counters.countBytes(last.readableBytes)
        context.writeAndFlush(wrapOutboundOut(.byteBuffer(last)), promise: promise)
    }

    // MARK: - Writing

    func write(_ buffer: ByteBuffer, _ context: ChannelHandlerContext) {
        loop.counters.countBytes(buffer.readableBytes)
        context.write(wrapOutboundOut(.byteBuffer(buffer)), promise: nil)
        needsFlush = true
    }

    func flushIfNeeded(_ context: ChannelHandlerContext) {
        guard needsFlush else { return }
        needsFlush = false
        context.flush()
    }
}

/// Which stored answers an `Accept` field allows.
enum AcceptForm {
    /// 0: any client, 1: a browser that navigates; `nil`: a form is chosen by the field, so nothing stored fits.
    static func of(_ accept: UnsafeRawBufferPointer, isAddress: Bool) -> UInt8? {
        guard accept.count > 3 else { return 0 }
        var index = 0
        while index + 4 < accept.count {
            // "vnd." and "x-tar" in any case of letters.
            let word = accept.loadUnaligned(fromByteOffset: index, as: UInt32.self).littleEndian | 0x2020_2020
            if word == 0x2E64_6E76 || word == 0x6174_2D78 { return nil }
            index += 1
        }
        guard !isAddress else { return 0 }
        return namesHTML(accept) ? 1 : 0
    }

    private static func namesHTML(_ accept: UnsafeRawBufferPointer) -> Bool {
        guard accept.count >= 9 else { return false }
        let wanted = Array("text/html".utf8)
        return (0...accept.count - 9).contains { start in
            (0..<9).allSatisfy { accept[start + $0] | 0x20 == wanted[$0] | 0x20 }
        }
    }
}
