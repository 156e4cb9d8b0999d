import NIOCore
import NIOHPACK
import Synchronization

/// One request of ours and its response, shared by the task that reads it and the stream that receives it.
///
/// ```
/// open ──head──> body ──end──> ended
///   └──────fail──┴─> failed       (chunks that came before the failure are still read)
/// ```
final class ClientExchange: Sendable {
    struct Head {
        let status: Int
        let contentLength: Int?
    }

    private struct State {
        var channel: (any Channel)?
        var head: Head?
        var chunks = CircularBuffer<ByteBuffer>(initialCapacity: 0)
        var bytesReady = 0
        var ended = false
        var failure: TransportError?
        /// The peer cannot have seen the request, so it may be sent again.
        var unprocessed = false
        var waiter: CheckedContinuation<Void, Never>?
        /// Since when the reader waits, `nil` while it does not.
        var waitingSince: NIODeadline?
        /// The reader is behind: the stream is not read, so its window fills and the peer stops.
        var paused = false
    }

    let headers: HPACKHeaders
    let body: ByteBuffer
    private let bytesReadyMax: Int
    private let state = Mutex(State())

    init(headers: HPACKHeaders, body: ByteBuffer, bytesReadyMax: Int) {
        self.headers = headers
        self.body = body
        self.bytesReadyMax = bytesReadyMax
    }

    // MARK: the stream's side (event loop)

    /// - Returns: `false` when the request was given up before it was sent.
    func attach(_ channel: any Channel) -> Bool {
        state.withLock { state in
            guard state.failure == nil else { return false }
            state.channel = channel
            return true
        }
    }

    func receiveHead(_ head: Head) {
        resume(
            state.withLock { state in
                state.head = head
                return Self.takeWaiter(&state)
            }
        )
    }

    func receive(_ chunk: ByteBuffer) {
        guard chunk.readableBytes > 0 else { return }
        resume(
            state.withLock { state in
                state.chunks.append(chunk)
                state.bytesReady += chunk.readableBytes
                return Self.takeWaiter(&state)
            }
        )
    }

    func receiveEnd() {
        resume(
            state.withLock { state in
                state.ended = true
                return Self.takeWaiter(&state)
            }
        )
    }

    /// Whether the stream may be read on; if not, ``next()`` will read it once there is room.
    func wantsRead() -> Bool {
        state.withLock { state in
            state.paused = state.bytesReady >= bytesReadyMax
            return !state.paused
        }
    }

    /// How long the reader has waited for something that did not come.
    func starvedSince(lastArrival: NIODeadline) -> NIODeadline? {
        state.withLock { state in state.waitingSince.map { max($0, lastArrival) } }
    }

    var isOver: Bool { state.withLock { $0.ended || $0.failure != nil } }

    /// Ends the exchange; the first end counts.
    func fail(_ error: TransportError, unprocessed: Bool = false) {
        resume(
            state.withLock { state in
                guard !state.ended, state.failure == nil else { return nil }
                state.failure = error
                state.unprocessed = unprocessed && state.head == nil
                return Self.takeWaiter(&state)
            }
        )
    }

    // MARK: the reader's side (a task)

    /// Whether the request may safely be sent once more.
    var mayBeRepeated: Bool { state.withLock { $0.unprocessed } }

    /// Gives the exchange up: the stream is reset, so that the peer stops too.
    func cancel(_ error: TransportError) {
        fail(error)
        let channel = state.withLock { state in
            state.chunks.removeAll()
            state.bytesReady = 0
            return state.ended && !state.paused ? nil : state.channel
        }
        channel?.close(promise: nil)
    }

    func head() async -> Result<Head, TransportError> {
        await wait { $0.head != nil }
        return state.withLock { state in
            if let head = state.head { return .success(head) }
            return .failure(state.failure ?? TransportError(.reset, "the answer has no status"))
        }
    }

    /// The next bytes, or `nil` at the end of the body.
    func next() async -> Result<ByteBuffer?, TransportError> {
        if let ready = takeChunk() { return ready }
        await wait { !$0.chunks.isEmpty }
        return takeChunk() ?? .success(nil)
    }

    /// What the reader can have now; `nil` when it has to wait.
    private func takeChunk() -> Result<ByteBuffer?, TransportError>? {
        typealias Taken = (result: Result<ByteBuffer?, TransportError>?, resumeReading: (any Channel)?)
        let taken = state.withLock { state -> Taken in
            guard let chunk = state.chunks.popFirst() else {
                if state.ended { return (.success(nil), nil) }
                return (state.failure.map { .failure($0) }, nil)
            }
            state.bytesReady -= chunk.readableBytes
            guard state.paused, state.bytesReady <= bytesReadyMax / 2 else { return (.success(chunk), nil) }
            state.paused = false
            return (.success(chunk), state.channel)
        }
        taken.resumeReading?.read()
        return taken.result
    }

    /// Waits until `isReady`, the end or a failure.
    private func wait(until isReady: @Sendable (borrowing State) -> Bool) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now = NIODeadline.now()
                let resumeNow = state.withLock { state in
                    if isReady(state) || state.ended || state.failure != nil { return true }
                    state.waiter = continuation
                    state.waitingSince = now
                    return false
                }
                if resumeNow { continuation.resume() }
            }
        } onCancel: {
            cancel(TransportError(.cancelled, "the request was cancelled"))
        }
    }

    private static func takeWaiter(_ state: inout State) -> CheckedContinuation<Void, Never>? {
        defer { state.waiter = nil }
        state.waitingSince = nil
        return state.waiter
    }

    private func resume(_ waiter: CheckedContinuation<Void, Never>?) {
        waiter?.resume()
    }
}
