import NIOCore
import Synchronization

/// The content of an upload, which remembers why it could not be read on.
final class UploadSource: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    typealias Failure = any Error

    private let content: any AsyncSequence<ByteBuffer, any Error> & Sendable
    private let seen = Mutex<(any Error)?>(nil)

    init(_ content: any AsyncSequence<ByteBuffer, any Error> & Sendable) {
        self.content = content
    }

    /// `nil` unless the content itself failed.
    var failure: (any Error)? { seen.withLock { $0 } }

    func makeAsyncIterator() -> Iterator { Iterator(chunks: content.makeAsyncIterator(), source: self) }

    struct Iterator: AsyncIteratorProtocol {
        fileprivate var chunks: any AsyncIteratorProtocol<ByteBuffer, any Error>
        fileprivate let source: UploadSource

        mutating func next() async throws -> ByteBuffer? {
            do {
                return try await chunks.next()
            } catch {
                // Cancelled: by the user, who knows, or because the node wants no more, which its answer explains.
                if !(error is CancellationError) { source.seen.withLock { $0 = error } }
                throw error
            }
        }
    }
}
