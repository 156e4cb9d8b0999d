import NIOCore
import Synchronization

/// Hands chunks from one task to another, one at a time: whoever sends waits until the chunk is taken.
///
/// So a slow reader slows down the writer, and never more than one chunk is kept. Nobody is woken under the lock: waking a task
/// takes the lock of its status, which a cancellation holds while it asks for ours.
final class ContentPipe: AsyncSequence, AsyncIteratorProtocol, Sendable {
    typealias Element = ByteBuffer
    typealias Failure = any Error

    private enum State {
        case idle
        /// The reader waits for a chunk.
        case asked(CheckedContinuation<ByteBuffer?, any Error>)
        /// The writer waits for the reader.
        case offered(ByteBuffer, CheckedContinuation<Void, Never>)
        /// `nil`: all chunks were sent.
        case ended((any Error)?)
    }

    /// What is to be done once the lock is free.
    private typealias Wake = @Sendable () -> Void

    private let state = Mutex(State.idle)

    func makeAsyncIterator() -> ContentPipe { self }

    /// Waits until the reader has taken `chunk`, or will take no more.
    func send(_ chunk: ByteBuffer) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { sent in
                let wake: Wake? = state.withLock { state in
                    switch state {
                    case .asked(let reader):
                        state = .idle
                        return {
                            reader.resume(returning: chunk)
                            sent.resume()
                        }
                    case .idle:
                        state = .offered(chunk, sent)
                        return nil
                    case .ended:
                        return { sent.resume() }
                    case .offered:
                        preconditionFailure("a pipe has one writer, which waits for each chunk")
                    }
                }
                wake?()
            }
        } onCancel: {
            end(CancellationError())
        }
    }

    /// Says that there is no more; a chunk that was not taken yet is dropped, and whoever waits goes on.
    ///
    /// - Parameter error: what the reader is told; `nil` when everything was sent. The first end counts.
    func end(_ error: (any Error)?) {
        let wake: Wake? = state.withLock { state in
            let former = state
            if case .ended = former { return nil }
            state = .ended(error)
            return switch former {
            case .asked(let reader): { Self.tell(reader, error) }
            case .offered(_, let sent): { sent.resume() }
            case .idle, .ended: nil
            }
        }
        wake?()
    }

    private static func tell(_ reader: CheckedContinuation<ByteBuffer?, any Error>, _ error: (any Error)?) {
        if let error { reader.resume(throwing: error) } else { reader.resume(returning: nil) }
    }

    /// - Throws: what the pipe was ended with; `CancellationError` when the reader's task is cancelled.
    func next() async throws -> ByteBuffer? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { reader in
                let wake: Wake? = state.withLock { state in
                    switch state {
                    case .idle:
                        state = .asked(reader)
                        return nil
                    case .offered(let chunk, let sent):
                        state = .idle
                        return {
                            sent.resume()
                            reader.resume(returning: chunk)
                        }
                    case .ended(let error):
                        return { Self.tell(reader, error) }
                    case .asked:
                        return {
                            reader.resume(throwing: ControlError(.failed, "a stream of content has one reader"))
                        }
                    }
                }
                wake?()
            }
        } onCancel: {
            end(CancellationError())
        }
    }
}
