/// The protobuf message inside a UnixFS node's DAG-PB data, field by field.
///
/// Source: ipfs/specs unixfs.md. Absent and empty differ, so that a message is written as it was read. Fields that are
/// not known are skipped.
public struct UnixFSData: Hashable, Sendable {
    public enum Kind: UInt64, Hashable, Sendable {
        case raw = 0
        case directory = 1
        case file = 2
        case metadata = 3
        case symlink = 4
        case hamtShard = 5
    }

    /// When the content was last changed; replicated as it was read, never used.
    public struct ModificationTime: Hashable, Sendable {
        /// Since the Unix epoch.
        public var seconds: Int64
        /// 1 to 999 999 999, or nil for a whole second.
        public var nanoseconds: UInt32?
    }

    public var kind: Kind
    public var data: [UInt8]?
    public var fileSize: UInt64?
    public var blockSizes: [UInt64] = []
    public var hashType: UInt64?
    public var fanout: UInt64?
    public var mode: UInt32?
    public var modified: ModificationTime?

    public init(kind: Kind, data: [UInt8]? = nil, fileSize: UInt64? = nil, blockSizes: [UInt64] = []) {
        self.kind = kind
        self.data = data
        self.fileSize = fileSize
        self.blockSizes = blockSizes
    }

    // MARK: - Encoding

    public var encoded: [UInt8] {
        var writer = ProtobufWriter()
        writer.varint(1, kind.rawValue)
        if let data { writer.bytes(2, data) }
        if let fileSize { writer.varint(3, fileSize) }
        for size in blockSizes { writer.varint(4, size) }
        if let hashType { writer.varint(5, hashType) }
        if let fanout { writer.varint(6, fanout) }
        if let mode { writer.varint(7, UInt64(mode)) }
        if let modified {
            var inner = ProtobufWriter()
            inner.varint(1, UInt64(bitPattern: modified.seconds))
            if let nanoseconds = modified.nanoseconds { inner.fixed32(2, nanoseconds) }
            writer.bytes(8, inner.bytes)
        }
        return writer.bytes
    }

    // MARK: - Decoding

    /// - Throws: ``ContentError`` `.malformed` for a missing or unknown type, a repeated singular field or a wrong wire
    ///   type.
    public init(decoding bytes: [UInt8]) throws(ContentError) {
        var reader = ProtobufReader(bytes[...], message: "a UnixFS message")
        var message = UnixFSData(kind: .raw)
        var seen: Set<UInt64> = []
        while let (number, value) = try reader.next() {
            if number != 4, (1...8).contains(number), !seen.insert(number).inserted {
                throw reader.malformed("has field \(number) twice")
            }
            switch (number, value) {
            case (1, .varint(let type)):
                guard let kind = Kind(rawValue: type) else { throw reader.malformed("has the unknown type \(type)") }
                message.kind = kind
            case (2, .bytes(let content)): message.data = Array(content)
            case (3, .varint(let size)): message.fileSize = size
            case (4, .varint(let size)): message.blockSizes.append(size)
            case (4, .bytes(let packed)):
                var inner = ProtobufReader(packed, message: "a packed UnixFS blocksizes")
                while !inner.isAtEnd { message.blockSizes.append(try inner.varint()) }
            case (5, .varint(let type)): message.hashType = type
            case (6, .varint(let fanout)): message.fanout = fanout
            case (7, .varint(let mode)): message.mode = UInt32(truncatingIfNeeded: mode)
            case (8, .bytes(let content)): message.modified = try ModificationTime(decoding: content)
            case (1...8, _): throw reader.wrongType(number)
            default: break
            }
        }
        guard seen.contains(1) else { throw reader.malformed("has no type") }
        self = message
    }
}

extension UnixFSData.ModificationTime {
    fileprivate init(decoding bytes: ArraySlice<UInt8>) throws(ContentError) {
        var reader = ProtobufReader(bytes, message: "a UnixFS mtime")
        var seconds: Int64?
        var nanoseconds: UInt32?
        while let (number, value) = try reader.next() {
            switch (number, value) {
            case (1, .varint(let value)) where seconds == nil: seconds = Int64(bitPattern: value)
            case (2, .fixed32(let value)) where nanoseconds == nil:
                guard (1...999_999_999).contains(value) else { throw reader.malformed("has \(value) nanoseconds") }
                nanoseconds = value
            case (1...2, _): throw reader.malformed("has field \(number) twice or in a wrong wire type")
            default: break
            }
        }
        guard let seconds else { throw reader.malformed("has no seconds") }
        self.init(seconds: seconds, nanoseconds: nanoseconds)
    }
}
