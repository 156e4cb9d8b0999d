import Core

/// Reads a CARv1 stream that arrives in parts, and verifies every block by its CID.
///
/// Call ``next()`` until it returns nil after each ``feed(_:)-([UInt8])``; what is held is then at most one section and
/// what was fed last. After an error the same error comes again.
public struct CARReader {
    /// Longest section (CID and block), in bytes.
    public static let sectionBytesMax = Block.bytesMax + 256

    /// The stream's header, once it has arrived and ``next()`` was called.
    public private(set) var header: CARHeader?

    private var buffer: [UInt8] = []
    /// What of `buffer` was read.
    private var offset = 0

    public init() {}

    /// Bytes that were fed and not yet read.
    public var bufferedCount: Int { buffer.count - offset }

    public mutating func feed(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { feed($0) }
    }

    public mutating func feed(_ bytes: ArraySlice<UInt8>) {
        bytes.withUnsafeBytes { feed($0) }
    }

    public mutating func feed(_ region: UnsafeRawBufferPointer) {
        if offset >= bufferedCount {  // moves no more bytes than were read since the last time
            buffer.removeFirst(offset)
            offset = 0
        }
        buffer.append(contentsOf: region)
    }

    /// The next block, or nil until more bytes are fed.
    ///
    /// - Throws: ``ContentError`` `.malformed`, `.tooLarge`, `.unsupported` or `.wrongHash`.
    public mutating func next() throws(ContentError) -> Block? {
        if header == nil {
            guard let (range, end) = try frame(max: CARHeader.bytesMax, "header") else { return nil }
            header = try CARHeader(decoding: buffer[range])
            offset = end
        }
        guard let (range, end) = try frame(max: Self.sectionBytesMax, "section") else { return nil }
        let block = try Self.block(buffer[range])
        offset = end
        return block
    }

    /// Call at the end of the stream, after ``next()`` has returned nil.
    ///
    /// - Throws: ``ContentError`` `.incomplete` when the stream ends inside the header or a section.
    public func finish() throws(ContentError) {
        guard header != nil else { throw ContentError(.incomplete, "a CAR ends inside its header; fetch it again") }
        guard bufferedCount == 0 else {
            throw ContentError(.incomplete, "a CAR ends inside a section, \(bufferedCount) bytes of it came")
        }
    }

    /// Where the next length-prefixed piece lies, or nil if it is not complete.
    private func frame(max: Int, _ what: StaticString) throws(ContentError) -> (range: Range<Int>, end: Int)? {
        var rest = buffer[offset...]
        let length: UInt64
        do {
            length = try Varint.read(from: &rest)
        } catch  where error.code == .truncated {
            return nil
        } catch {
            throw ContentError(.malformed, "the length of a CAR \(what) is wrong: \(error.message)")
        }
        guard length > 0 else { throw ContentError(.malformed, "a CAR \(what) of no bytes") }
        guard length <= UInt64(max) else {
            throw ContentError(.tooLarge, "a CAR \(what) of \(length) bytes, at most \(max)")
        }
        guard rest.count >= Int(length) else { return nil }
        let end = rest.startIndex + Int(length)
        return (rest.startIndex..<end, end)
    }

    private static func block(_ section: ArraySlice<UInt8>) throws(ContentError) -> Block {
        var content = section
        let cid: CID
        do {
            cid = try CID.read(from: &content)
        } catch {
            throw ContentError(.malformed, "a CAR section does not start with a CID: \(error.message)")
        }
        return try Block(verifying: Array(content), cid: cid)
    }
}
