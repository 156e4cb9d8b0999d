import Core

/// A file whose bytes are the inline data followed by the parts in order.
public struct UnixFSFile: Hashable, Sendable {
    public struct Part: Hashable, Sendable {
        public let cid: CID
        /// How many bytes of the file lie below this link; checked only against ``UnixFSFile/fileSize``.
        public let size: UInt64
    }

    /// The bytes that precede the parts.
    public let inline: [UInt8]
    public let parts: [Part]
    /// `inline.count` and the parts' sizes together, at most `Int64.max`.
    public let fileSize: UInt64
}

/// What a block means in UnixFS.
///
/// Source: ipfs/specs unixfs.md.
public enum UnixFSNode: Hashable, Sendable {
    /// A block of the raw codec: a file, or a part of one, of this many bytes.
    case raw(size: Int)
    case file(UnixFSFile)
    /// The entries in the order of the block; names are as the writer chose them, check them before use as file names.
    case directory([DAGPBLink])
    case shard(HAMTShard)
    case symlink(target: String)

    /// Longest target of a symbolic link, in bytes.
    public static let symlinkTargetBytesMax = 4096

    public init(_ block: Block) throws(ContentError) {
        try self.init(cid: block.cid, bytes: block.bytes)
    }

    /// - Parameter bytes: the block, already verified against `cid`.
    /// - Throws: ``ContentError`` `.malformed`, `.tooLarge`, or `.unsupported` for another codec or kind of node.
    public init(cid: CID, bytes: [UInt8]) throws(ContentError) {
        switch cid.codec {
        case .raw: self = .raw(size: bytes.count)
        case .dagPB: try self.init(DAGPBNode(decoding: bytes))
        default:
            throw ContentError(.unsupported, "\(cid) has codec 0x\(String(cid.codec.code, radix: 16)), not UnixFS")
        }
    }

    public init(_ node: DAGPBNode) throws(ContentError) {
        guard let data = node.data else {
            throw ContentError(.malformed, "a DAG-PB node without data is no UnixFS node")
        }
        let message = try UnixFSData(decoding: data)
        switch message.kind {
        case .raw, .file: self = .file(try UnixFSFile(links: node.links, message: message))
        case .directory: self = .directory(node.links)
        case .hamtShard: self = .shard(try HAMTShard(links: node.links, message: message))
        case .symlink: self = .symlink(target: try Self.target(links: node.links, message: message))
        case .metadata: throw ContentError(.unsupported, "UnixFS metadata nodes are not supported")
        }
    }

    private static func target(links: [DAGPBLink], message: UnixFSData) throws(ContentError) -> String {
        let bytes = message.data ?? []
        guard bytes.count <= symlinkTargetBytesMax else {
            throw ContentError(.tooLarge, "a link target of \(bytes.count) bytes, at most \(symlinkTargetBytesMax)")
        }
        guard links.isEmpty, let target = String(validating: bytes, as: UTF8.self) else {
            throw ContentError(.malformed, "a UnixFS symbolic link has DAG links or a target that is not UTF-8")
        }
        return target
    }
}

extension UnixFSFile {
    fileprivate init(links: [DAGPBLink], message: UnixFSData) throws(ContentError) {
        guard links.count == message.blockSizes.count else {
            throw ContentError(
                .malformed,
                "a file has \(links.count) links and \(message.blockSizes.count) block sizes"
            )
        }
        let inline = message.data ?? []
        var total = UInt64(inline.count)
        var parts: [Part] = []
        parts.reserveCapacity(links.count)
        for (link, size) in zip(links, message.blockSizes) {
            guard link.name.isEmpty else { throw ContentError(.malformed, "a link inside a file has a name") }
            let (sum, overflow) = total.addingReportingOverflow(size)
            guard !overflow, sum <= UInt64(Int64.max) else {
                throw ContentError(.malformed, "the block sizes of a file add up to more than 63 bits hold")
            }
            total = sum
            parts.append(Part(cid: link.cid, size: size))
        }
        guard message.fileSize ?? total == total else {
            throw ContentError(.malformed, "a file claims \(message.fileSize ?? 0) bytes and its parts have \(total)")
        }
        self.inline = inline
        self.parts = parts
        fileSize = total
    }
}
