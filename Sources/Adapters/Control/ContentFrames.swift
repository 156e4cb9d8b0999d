import NIOCore

/// How one file travels to a command: frames of a 4-byte big-endian length and as many bytes.
///
/// Length 0 ends a file that is complete; the length `0xFFFF_FFFF` is followed by an error as JSON instead. An answer
/// that ends otherwise was cut off. The length of the whole file is in the header `Holdfast-Bytes`.
enum ContentFrames {
    static let byteCountHeader = "Holdfast-Bytes"
    /// Largest frame, in bytes.
    static let frameBytesMax = 1 << 20
    /// Largest error, in bytes.
    static let errorBytesMax = 65_536
    /// A length that announces an error.
    static let errorMark = UInt32.max
    static let end = ByteBuffer(integer: UInt32(0))

    /// `chunk` as frames; none when it is empty, which would mean the end.
    static func frames(of chunk: ByteBuffer) -> [ByteBuffer] {
        var rest = chunk
        var frames: [ByteBuffer] = []
        while let part = rest.readSlice(length: min(rest.readableBytes, frameBytesMax)), part.readableBytes > 0 {
            frames.append(ByteBuffer(integer: UInt32(part.readableBytes)))
            frames.append(part)
        }
        return frames
    }

    static func error(_ error: ControlError) throws -> ByteBuffer {
        var buffer = ByteBuffer(integer: errorMark)
        buffer.writeBytes(try ControlAPI.encode(error))
        return buffer
    }
}

/// Takes the frames of an answer apart as its bytes arrive, whatever pieces they come in.
package struct ContentFrameReader {
    /// What the bytes so far came to.
    package enum Event: Equatable {
        case bytes(ByteBuffer)
        case end
        /// Bytes are missing; more have to arrive.
        case starved
    }

    static let senseless = ControlError(
        .failed,
        "the node's answer makes no sense to this version; use the version it runs"
    )

    private var buffer = ByteBuffer()
    private var left = 0
    private var isFailed = false

    package init() {}

    /// - Throws: ``ControlError`` when an error grows over the limit.
    package mutating func append(_ bytes: ByteBuffer) throws(ControlError) {
        var bytes = bytes
        if buffer.readableBytes == 0 { buffer = bytes } else { buffer.writeBuffer(&bytes) }
        guard !isFailed || buffer.readableBytes <= ContentFrames.errorBytesMax else { throw Self.senseless }
    }

    /// - Throws: ``ControlError`` for a frame that is too large.
    package mutating func next() throws(ControlError) -> Event {
        guard !isFailed else { return .starved }
        if left == 0 {
            guard let length = buffer.readInteger(as: UInt32.self) else { return .starved }
            if length == ContentFrames.errorMark {
                isFailed = true
                return .starved
            }
            guard length <= ContentFrames.frameBytesMax else { throw Self.senseless }
            guard length > 0 else { return .end }
            left = Int(length)
        }
        guard let part = buffer.readSlice(length: min(left, buffer.readableBytes)), part.readableBytes > 0 else {
            return .starved
        }
        left -= part.readableBytes
        return .bytes(part)
    }

    /// The error that the node sent, once the answer has ended; `nil` when it sent none.
    ///
    /// - Throws: ``ControlError`` when what it sent is no error.
    package func failure() throws(ControlError) -> ControlError? {
        guard isFailed else { return nil }
        guard let error = try? ControlAPI.decode(ControlError.self, from: buffer.readableBytesView) else {
            throw Self.senseless
        }
        return error
    }
}
