import NIOCore

/// The response of a peer: its status is known, its body arrives as it is read.
///
/// Read the body once. A slow reader slows the peer down; letting go of the stream before its end resets the exchange.
public struct PeerResponseStream: AsyncSequence, Sendable {
    public typealias Element = ByteBuffer
    public typealias Failure = TransportError

    /// HTTP status, 200 to 299.
    public let status: Int
    /// Bytes of the body, when the peer said so.
    public let contentLength: Int?
    private let body: Body

    init(head: ClientExchange.Head, exchange: ClientExchange) {
        status = head.status
        contentLength = head.contentLength
        body = Body(exchange: exchange)
    }

    /// Resets the stream when the last reader lets go of it.
    fileprivate final class Body: Sendable {
        let exchange: ClientExchange

        init(exchange: ClientExchange) {
            self.exchange = exchange
        }

        deinit {
            exchange.cancel(TransportError(.cancelled, "the answer was not read to its end"))
        }
    }

    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let body: Body

        /// The next bytes of the body, or `nil` at its end.
        ///
        /// - Throws: ``TransportError`` `.reset`, `.connectionLost` or `.timedOut` when the body is not whole,
        ///   `.cancelled` when the task is.
        public func next() async throws(TransportError) -> ByteBuffer? {
            try await body.exchange.next().get()
        }

        public func next(
            isolation actor: isolated (any Actor)?
        ) async throws(TransportError) -> ByteBuffer? {
            try await body.exchange.next().get()
        }
    }

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(body: body)
    }

    /// The whole body in one buffer.
    ///
    /// - Throws: ``TransportError`` `.tooLarge` when there are more than `bytesMax` bytes, else as the iterator.
    public func collect(max bytesMax: Int) async throws(TransportError) -> ByteBuffer {
        if let contentLength, contentLength > bytesMax { throw Self.tooLarge(bytesMax) }
        var whole = ByteBuffer()
        while let chunk = try await nextChunk().get() {
            guard whole.readableBytes + chunk.readableBytes <= bytesMax else { throw Self.tooLarge(bytesMax) }
            if whole.readableBytes == 0 {
                whole = chunk
                if let contentLength, contentLength > chunk.readableBytes { whole.reserveCapacity(contentLength) }
            } else {
                whole.writeImmutableBuffer(chunk)
            }
        }
        return whole
    }

    func nextChunk() async -> Result<ByteBuffer?, TransportError> {
        await body.exchange.next()
    }

    private static func tooLarge(_ bytesMax: Int) -> TransportError {
        TransportError(.tooLarge, "the answer is over the limit of \(bytesMax) bytes")
    }
}
