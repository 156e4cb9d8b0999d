import AsyncHTTPClient
import NIOCore

/// One file as its frames arrive from the node.
struct ReceivedContent: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    typealias Failure = any Error

    let body: HTTPClientResponse.Body
    let byteCount: Int
    /// What to say when the answer ends before the file does.
    let cutOff: ControlError

    func makeAsyncIterator() -> Iterator {
        Iterator(chunks: body.makeAsyncIterator(), left: byteCount, cutOff: cutOff)
    }

    struct Iterator: AsyncIteratorProtocol {
        fileprivate var chunks: HTTPClientResponse.Body.AsyncIterator
        fileprivate var left: Int
        fileprivate let cutOff: ControlError
        private var frames = ContentFrameReader()
        private var isDone = false

        fileprivate init(chunks: HTTPClientResponse.Body.AsyncIterator, left: Int, cutOff: ControlError) {
            self.chunks = chunks
            self.left = left
            self.cutOff = cutOff
        }

        mutating func next() async throws -> ByteBuffer? {
            while !isDone {
                switch try frames.next() {
                case .bytes(let bytes):
                    left -= bytes.readableBytes
                    guard left >= 0 else { throw ContentFrameReader.senseless }
                    return bytes
                case .end:
                    guard left == 0 else { throw ContentFrameReader.senseless }
                    isDone = true
                case .starved:
                    try await receive()
                }
            }
            return nil
        }

        private mutating func receive() async throws {
            let chunk: ByteBuffer?
            do { chunk = try await chunks.next() } catch {
                if Task.isCancelled { throw CancellationError() }
                throw cutOff
            }
            // An answer that is cancelled may end as if it were complete.
            try Task.checkCancellation()
            guard let chunk else { throw try frames.failure() ?? cutOff }
            try frames.append(chunk)
        }
    }
}
