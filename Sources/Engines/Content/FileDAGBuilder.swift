import Core

/// Builds the DAG of one file from its leaves, in order, in memory proportional to width times depth.
///
/// The layout is that of the profile unixfs-v1-2025 (IPIP-0499): raw leaves of ``leafBytes``, ``width`` links per node,
/// balanced (every leaf at the same depth). The caller cuts, hashes and stores the leaves; a file of one leaf is that
/// leaf, an empty file is the empty raw block.
public struct FileDAGBuilder {
    /// Size of every leaf but the last, in bytes (1 MiB).
    public static let leafBytes = 1024 * 1024
    /// Most links of an inner node.
    public static let width = 1024

    /// A finished subtree that waits for its parent.
    private struct Child {
        let cid: CID
        let size: UInt64
        let tsize: UInt64
    }

    private let width: Int
    /// Level 0 holds leaves; every level holds at most `width` children between calls.
    private var levels: [[Child]] = [[]]

    public init() {
        self.init(width: Self.width)
    }

    /// A narrower tree, for tests of its shape.
    package init(width: Int) {
        precondition(width > 1, "a tree of width \(width) never ends")
        self.width = width
    }

    /// Adds the next leaf and returns the inner nodes that it completed, children before parents.
    ///
    /// - Parameters:
    ///   - cid: the leaf, of the raw codec.
    ///   - size: its length in bytes, at most ``Block/bytesMax``.
    public mutating func addLeaf(_ cid: CID, size: UInt64) -> [Block] {
        precondition(size <= UInt64(Block.bytesMax), "a leaf of \(size) bytes is no block")
        levels[0].append(Child(cid: cid, size: size, tsize: size))
        var blocks: [Block] = []
        var level = 0
        // One more child must exist before a full level is closed, or a full root would be wrapped needlessly.
        while level < levels.count, levels[level].count > width {
            close(level, count: width, into: &blocks)
            level += 1
        }
        return blocks
    }

    /// Closes all that is open; the builder is then empty.
    ///
    /// - Returns: the root, the file's length in bytes, what its DAG weighs in encoded bytes, and the blocks that are
    ///   not yet stored, children before parents and the root last.
    public mutating func finish() -> (root: CID, fileSize: UInt64, tsize: UInt64, blocks: [Block]) {
        var blocks: [Block] = []
        var level = 0
        while level + 1 < levels.count || levels[level].count > 1 {
            // The node that the level below just gave may be one too many.
            while !levels[level].isEmpty { close(level, count: min(width, levels[level].count), into: &blocks) }
            level += 1
        }
        defer { levels = [[]] }
        guard let root = levels[level].first else {
            let empty = Block(hashing: [], codec: .raw)
            return (empty.cid, 0, 0, [empty])
        }
        return (root.cid, root.size, root.tsize, blocks)
    }

    private mutating func close(_ level: Int, count: Int, into blocks: inout [Block]) {
        let children = levels[level].prefix(count)
        let sizes = children.map(\.size)
        let size = sizes.reduce(0, +)
        let node = DAGPBNode(
            links: children.map { DAGPBLink(cid: $0.cid, name: "", tsize: $0.tsize) },
            data: UnixFSData(kind: .file, fileSize: size, blockSizes: sizes).encoded
        )
        let block = Block(hashing: node.encoded, codec: .dagPB)
        let tsize = children.reduce(UInt64(block.bytes.count)) { $0 + $1.tsize }
        blocks.append(block)
        levels[level].removeFirst(count)
        if level + 1 == levels.count { levels.append([]) }
        levels[level + 1].append(Child(cid: block.cid, size: size, tsize: tsize))
    }
}
