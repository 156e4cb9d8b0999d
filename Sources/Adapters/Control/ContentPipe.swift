import NIOCore
import Synchronization

/// Hands chunks from one task to another, one at a time: whoever sends waits until the chunk is taken.
///
/// So a slow reader slows down the writer, and never more than one chunk is kept.
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

    private let state = Mutex(State.idle)

    func makeAsyncIterator() -> ContentPipe { self }

    /// Waits until the reader has taken `chunk`, or will take no more.
    func send(_ chunk: ByteBuffer) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { sent in
                state.withLock { state in
                    switch state {
                    case .asked(let reader):
                        state = .idle
                        reader.resume(returning: chunk)
                        sent.resume()
                    case .idle:
                        state = .offered(chunk, sent)
                    case .ended:
                        sent.resume()
                    case .offered:
                        preconditionFailure("a pipe has one writer, which waits for each chunk")
                    }
                }
            }
        } onCancel: {
            end(CancellationError())
        }
    }

    /// Says that there is no more; a chunk that was not taken yet is dropped, and whoever waits goes on.
    ///
    /// - Parameter error: what the reader is told; `nil` when everything was sent. The first end counts.
    func end(_ error: (any Error)?) {
        state.withLock { state in
            switch state {
            case .ended:
                return
            case .idle:
                break
            case .asked(let reader):
                if let error { reader.resume(throwing: error) } else { reader.resume(returning: nil) }
            case .offered(_, let sent):
                sent.resume()
            }
            state = .ended(error)
        }
    }

    /// - Throws: what the pipe was ended with; `CancellationError` when the reader's task is cancelled.
    func next() async throws -> ByteBuffer? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { reader in
                state.withLock { state in
                    switch state {
                    case .idle:
                        state = .asked(reader)
                    case .offered(let chunk, let sent):
                        state = .idle
                        sent.resume()
                        reader.resume(returning: chunk)
                    case .ended(let error):
                        if let error { reader.resume(throwing: error) } else { reader.resume(returning: nil) }
                    case .asked:
                        reader.resume(throwing: ControlError(.failed, "a stream of content has one reader"))
                    }
                }
            }
        } onCancel: {
            end(CancellationError())
        }
    }
}
