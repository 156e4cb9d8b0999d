import NIOCore

/// Bytes that count up, made only when they are asked for; the position tells each byte, so that a test notices when
/// one is lost, doubled or out of order.
struct PatternContent: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    typealias Failure = any Error

    static let chunkBytes = 100_003

    let byteCount: Int
    /// Thrown after the last byte, when there is one.
    var failure: (any Error)?
    /// Whether the end never comes.
    var hangs = false
    var made: @Sendable (Int) -> Void = { _ in }
    /// Called when it is cancelled while it hangs.
    var ended: @Sendable () -> Void = {}

    static func byte(at position: Int) -> UInt8 { UInt8(truncatingIfNeeded: position &* 31 &+ position >> 8) }

    func makeAsyncIterator() -> Iterator { Iterator(content: self) }

    struct Iterator: AsyncIteratorProtocol {
        let content: PatternContent
        var position = 0

        mutating func next() async throws -> ByteBuffer? {
            let count = Swift.min(PatternContent.chunkBytes, content.byteCount - position)
            guard count > 0 else {
                if content.hangs {
                    // Only a cancellation ends it.
                    let (never, keep) = AsyncStream.makeStream(of: Void.self)
                    for await _ in never {}
                    keep.finish()
                    content.ended()
                    throw CancellationError()
                }
                if let failure = content.failure { throw failure }
                return nil
            }
            let start = position
            var buffer = ByteBuffer()
            buffer.writeBytes((start..<start + count).map(PatternContent.byte))
            position += count
            content.made(position)
            return buffer
        }
    }

    /// Follows received bytes along the pattern.
    struct Check {
        private(set) var position = 0
        private(set) var isRight = true

        mutating func take(_ chunk: ByteBuffer) {
            for byte in chunk.readableBytesView {
                isRight = isRight && byte == PatternContent.byte(at: position)
                position += 1
            }
        }
    }
}
