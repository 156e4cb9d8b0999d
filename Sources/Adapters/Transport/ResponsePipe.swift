import NIOCore
import NIOHPACK
import NIOHTTP2
import Synchronization

/// Carries one response from the task that makes it to the event loop that sends it, with back-pressure in bytes.
///
/// Parts are queued under the lock; one event-loop job takes all that are there, so many small writes cost one hop.
final class ResponsePipe: Sendable {
    private enum Part {
        case head(HPACKHeaders, end: Bool)
        case body(ByteBuffer)
        case end
        case abort
    }

    private struct State {
        var parts: [Part] = []
        var drainScheduled = false
        /// Bytes written by the task and not yet taken by the socket.
        var bytesPending = 0
        /// Bytes taken by the socket so far.
        var bytesTaken = 0
        var started = false
        /// No part may follow: the response is complete or given up.
        var finished = false
        /// Why nobody reads any more.
        var closed: TransportError?
        var writers: [CheckedContinuation<Void, Never>] = []
        var endWaiter: CheckedContinuation<Void, Never>?
    }

    /// A buffer is cut into pieces of this size, so that progress is seen before all of it is gone.
    private static let pieceBytesMax = 256 << 10

    /// Writes up to this size are copied together, up to the second size: a frame and a TLS record each cost more.
    private static let smallBytesMax = 4 << 10
    private static let smallBytesTogetherMax = 64 << 10

    private let channel: any Channel
    private let bytesPendingMax: Int
    private let state = Mutex(State())

    init(channel: any Channel, bytesPendingMax: Int) {
        self.channel = channel
        self.bytesPendingMax = bytesPendingMax
    }

    /// Whether the head was handed over.
    var isStarted: Bool { state.withLock { $0.started } }

    var bytesPending: Int { state.withLock { $0.bytesPending } }

    var bytesTaken: Int { state.withLock { $0.bytesTaken } }

    /// Sends the whole response.
    func send(status: Int, body: ByteBuffer) {
        let headers: HPACKHeaders = [":status": "\(status)", "content-length": "\(body.readableBytes)"]
        guard body.readableBytes > 0 else { return enqueue([.head(headers, end: true)], finishing: true) }
        enqueue([.head(headers, end: false)] + Self.pieces(body) + [.end], finishing: true)
    }

    func start(status: Int) {
        enqueue([.head([":status": "\(status)"], end: false)], finishing: false)
    }

    func write(_ buffer: ByteBuffer) async throws(TransportError) {
        enqueue(Self.pieces(buffer), finishing: false)
        while true {
            if let closed = state.withLock({ $0.closed }) { throw closed }
            guard bytesPending >= bytesPendingMax else { return }
            await withCheckedContinuation { continuation in
                let resumeNow = state.withLock { state in
                    if state.closed != nil || state.bytesPending < bytesPendingMax { return true }
                    state.writers.append(continuation)
                    return false
                }
                if resumeNow { continuation.resume() }
            }
        }
    }

    func finish() {
        enqueue([.end], finishing: true)
    }

    /// Ends the exchange with an HTTP/2 reset: the client knows that the body is not whole; writers fail with `error`.
    func abort(_ error: TransportError) {
        let waiting = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            guard !state.finished, state.closed == nil else { return [] }
            state.finished = true
            state.closed = error
            state.parts = [.abort]
            return Self.takeWaiters(&state, andEnd: true)
        }
        for continuation in waiting { continuation.resume() }
        channel.eventLoop.execute { self.drain() }
    }

    /// The peer gave up, or the connection is gone: writers fail with `error`.
    func close(_ error: TransportError) {
        let waiting = state.withLock { state in
            if state.closed == nil { state.closed = error }
            state.parts.removeAll()
            return Self.takeWaiters(&state, andEnd: true)
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Returns when the response was handed over or nobody wants it any more.
    func waitForEnd() async {
        await withCheckedContinuation { continuation in
            let resumeNow = state.withLock { state in
                if state.finished || state.closed != nil { return true }
                state.endWaiter = continuation
                return false
            }
            if resumeNow { continuation.resume() }
        }
    }

    // MARK: queue

    private static func pieces(_ buffer: ByteBuffer) -> [Part] {
        var rest = buffer
        var parts: [Part] = []
        while rest.readableBytes > pieceBytesMax, let piece = rest.readSlice(length: pieceBytesMax) {
            parts.append(.body(piece))
        }
        if rest.readableBytes > 0 { parts.append(.body(rest)) }
        return parts
    }

    private func enqueue(_ parts: [Part], finishing: Bool) {
        let (schedule, waiting) = state.withLock { state -> (Bool, [CheckedContinuation<Void, Never>]) in
            guard !state.finished, state.closed == nil else { return (false, []) }
            state.started = true
            state.finished = finishing
            for part in parts {
                if case .body(let buffer) = part { state.bytesPending += buffer.readableBytes }
            }
            state.parts += parts
            let schedule = !state.drainScheduled && !parts.isEmpty
            if schedule { state.drainScheduled = true }
            return (schedule, finishing ? Self.takeWaiters(&state, andEnd: true) : [])
        }
        for continuation in waiting { continuation.resume() }
        if schedule { channel.eventLoop.execute { self.drain() } }
    }

    private func drain() {
        let parts = state.withLock { state in
            state.drainScheduled = false
            defer { state.parts.removeAll(keepingCapacity: true) }
            return state.parts
        }
        var small = ByteBuffer()
        for part in parts {
            if case .body(let buffer) = part, buffer.readableBytes <= Self.smallBytesMax {
                small.writeImmutableBuffer(buffer)
                if small.readableBytes >= Self.smallBytesTogetherMax { sendBody(&small) }
                continue
            }
            sendBody(&small)
            switch part {
            case .head(let headers, let end):
                send(.headers(.init(headers: headers, endStream: end)))
            case .body(var buffer):
                sendBody(&buffer)
            case .end:
                send(.data(.init(data: .byteBuffer(ByteBuffer()), endStream: true)))
            case .abort:
                send(.rstStream(.internalError))
            }
        }
        sendBody(&small)
        channel.flush()
    }

    private func sendBody(_ buffer: inout ByteBuffer) {
        guard buffer.readableBytes > 0 else { return }
        let bytes = buffer.readableBytes
        let promise = channel.eventLoop.makePromise(of: Void.self)
        promise.futureResult.whenComplete { _ in self.taken(bytes) }
        send(.data(.init(data: .byteBuffer(buffer))), promise)
        buffer = ByteBuffer()
    }

    private func send(_ payload: HTTP2Frame.FramePayload, _ promise: EventLoopPromise<Void>? = nil) {
        channel.write(payload, promise: promise)
    }

    private func taken(_ bytes: Int) {
        let waiting = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.bytesPending -= bytes
            state.bytesTaken += bytes
            return state.bytesPending <= bytesPendingMax / 2 ? Self.takeWaiters(&state, andEnd: false) : []
        }
        for continuation in waiting { continuation.resume() }
    }

    private static func takeWaiters(_ state: inout State, andEnd: Bool) -> [CheckedContinuation<Void, Never>] {
        var waiting = state.writers
        state.writers.removeAll()
        if andEnd, let end = state.endWaiter {
            waiting.append(end)
            state.endWaiter = nil
        }
        return waiting
    }
}
