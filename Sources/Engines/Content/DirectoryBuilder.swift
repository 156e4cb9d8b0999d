import Core

/// An entry of a directory that is to be built.
public struct DirectoryEntry: Hashable, Sendable {
    public let name: String
    public let cid: CID
    /// What the entry's DAG weighs in encoded bytes.
    public let tsize: UInt64

    public init(name: String, cid: CID, tsize: UInt64) {
        self.name = name
        self.cid = cid
        self.tsize = tsize
    }
}

/// Builds UnixFS directories and symbolic links.
///
/// The layout is that of the profile unixfs-v1-2025 (IPIP-0499): one block while that block has at most
/// ``flatBytesMax`` bytes, else a HAMT of ``fanout`` slots per node.
public enum DirectoryBuilder {
    /// Largest encoded block of a directory that is not spread over a HAMT, in bytes (256 KiB).
    public static let flatBytesMax = 262_144
    /// Slots of a HAMT node.
    public static let fanout = 256

    /// - Returns: the root, what the directory's DAG weighs in encoded bytes, and its blocks, children before parents
    ///   and the root last.
    /// - Throws: ``ContentError`` `.invalidName`, `.duplicateName`, or `.unsupported` for names whose hashes collide.
    public static func build(
        _ entries: [DirectoryEntry]
    ) throws(ContentError) -> (root: CID, tsize: UInt64, blocks: [Block]) {
        let sorted = entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        for entry in sorted { try EntryName.check(entry.name) }
        for (entry, next) in zip(sorted, sorted.dropFirst()) where entry.name.utf8.elementsEqual(next.name.utf8) {
            throw ContentError(.duplicateName, "a directory has two entries named \"\(entry.name)\"; rename one")
        }
        let flat = DAGPBNode(
            links: sorted.map { DAGPBLink(cid: $0.cid, name: $0.name, tsize: $0.tsize) },
            data: UnixFSData(kind: .directory).encoded
        )
        if flat.encodedByteCount <= flatBytesMax {
            let root = Block(hashing: flat.encoded, codec: .dagPB)
            return (root.cid, weight(of: root, links: flat.links), [root])
        }
        var hamt = HAMTWriter(entries: sorted)
        let (root, tsize) = try hamt.write()
        return (root, tsize, hamt.blocks)
    }

    /// The block of a symbolic link to `target`, which is not resolved; its weight is the block's length.
    ///
    /// - Throws: ``ContentError`` `.tooLarge` over ``UnixFSNode/symlinkTargetBytesMax``.
    public static func symlink(to target: String) throws(ContentError) -> Block {
        let bytes = Array(target.utf8)
        let max = UnixFSNode.symlinkTargetBytesMax
        guard bytes.count <= max else {
            throw ContentError(.tooLarge, "a symbolic link to \(bytes.count) bytes of path, at most \(max)")
        }
        let message = UnixFSData(kind: .symlink, data: bytes)
        return Block(hashing: DAGPBNode(links: [], data: message.encoded).encoded, codec: .dagPB)
    }

    /// Saturates, since the weights of entries may come from elsewhere.
    fileprivate static func weight(of block: Block, links: [DAGPBLink]) -> UInt64 {
        links.reduce(UInt64(block.bytes.count)) { total, link in
            let (sum, overflow) = total.addingReportingOverflow(link.tsize)
            return overflow ? .max : sum
        }
    }
}

/// Writes one directory as a HAMT.
private struct HAMTWriter {
    private typealias Hashed = (hash: UInt64, entry: DirectoryEntry)

    /// Sorted by hash, so that what lies below one slot is contiguous on every level.
    private let entries: [Hashed]
    private(set) var blocks: [Block] = []

    init(entries: [DirectoryEntry]) {
        // Numbers are moved, not entries: those take a retain and a release for each step.
        let order = entries.indices.map { (hash: Murmur3.hash(Array(entries[$0].name.utf8)), index: $0) }
        self.entries = order.sorted { $0.hash < $1.hash }.map { ($0.hash, entries[$0.index]) }
    }

    mutating func write() throws(ContentError) -> (root: CID, tsize: UInt64) {
        try shard(entries[...], depth: 0)
    }

    private mutating func shard(
        _ entries: ArraySlice<Hashed>,
        depth: Int
    ) throws(ContentError) -> (root: CID, tsize: UInt64) {
        guard depth < 8, let first = entries.first else {
            throw ContentError(
                .unsupported,
                "the names \(entries.map(\.entry.name)) have the same hash; rename one of them"
            )
        }
        let shift = UInt64(56 - 8 * depth)
        var links: [DAGPBLink] = []
        var bitfield = [UInt8](repeating: 0, count: DirectoryBuilder.fanout / 8)
        var rest = entries
        var slot = UInt8(truncatingIfNeeded: first.hash >> shift)
        while !rest.isEmpty {
            let below = rest.prefix { UInt8(truncatingIfNeeded: $0.hash >> shift) == slot }
            rest = rest.dropFirst(below.count)
            bitfield[bitfield.count - 1 - Int(slot) / 8] |= 1 << (slot % 8)
            links.append(try link(below, slot: slot, depth: depth))
            if let next = rest.first { slot = UInt8(truncatingIfNeeded: next.hash >> shift) }
        }
        // Leading zero bytes are left out, as boxo does: the same directory has the same CID there.
        var message = UnixFSData(kind: .hamtShard, data: Array(bitfield.drop { $0 == 0 }))
        message.hashType = HAMTShard.hashType
        message.fanout = UInt64(DirectoryBuilder.fanout)
        let block = Block(hashing: DAGPBNode(links: links, data: message.encoded).encoded, codec: .dagPB)
        blocks.append(block)
        return (block.cid, DirectoryBuilder.weight(of: block, links: links))
    }

    private mutating func link(
        _ below: ArraySlice<Hashed>,
        slot: UInt8,
        depth: Int
    ) throws(ContentError) -> DAGPBLink {
        let digits = String(slot, radix: 16, uppercase: true)
        let prefix = digits.utf8.count < 2 ? "0" + digits : digits
        if below.count == 1, let only = below.first {
            return DAGPBLink(cid: only.entry.cid, name: prefix + only.entry.name, tsize: only.entry.tsize)
        }
        let (cid, tsize) = try shard(below, depth: depth + 1)
        return DAGPBLink(cid: cid, name: prefix, tsize: tsize)
    }
}
