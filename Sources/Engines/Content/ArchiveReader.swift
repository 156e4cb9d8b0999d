import Core

/// Reads the archive of some roots that arrives in parts: every block verified by its CID, and nothing but what the roots
/// need, in the order of ``ArchiveWalk``.
///
/// Whoever made the archive may be hostile: what has another root, another block, a block twice or too few is refused. Call
/// ``next()`` until it returns nil after each ``feed(_:)``, and ``finish()`` at the end.
public struct ArchiveReader {
    private let roots: [CID]
    private var blocks = CARReader()
    private var walk: ArchiveWalk
    private var isHeaderChecked = false

    /// - Parameter roots: What the archive has to be of, in this order.
    public init(roots: [CID]) {
        self.roots = roots
        walk = ArchiveWalk(roots: roots)
    }

    public mutating func feed(_ bytes: UnsafeRawBufferPointer) { blocks.feed(bytes) }

    /// The next block, or nil until more bytes are fed.
    ///
    /// - Throws: ``ContentError`` `.malformed`, `.tooLarge`, `.unsupported` or `.wrongHash`.
    public mutating func next() throws(ContentError) -> Block? {
        let block = try blocks.next()
        try checkHeader()
        guard let block else { return nil }
        guard let wanted = try walk.next() else {
            throw ContentError(.malformed, "the archive goes on with the block \(block.cid), which nothing in it needs")
        }
        guard wanted == block.cid else {
            throw ContentError(.malformed, "the archive has the block \(block.cid) where \(wanted) belongs")
        }
        try walk.visited(block.cid, bytes: block.bytes)
        return block
    }

    /// Call at the end of the stream, after ``next()`` has returned nil.
    ///
    /// - Throws: ``ContentError`` `.incomplete` when blocks are missing or the stream ends inside one.
    public mutating func finish() throws(ContentError) {
        try blocks.finish()
        guard let missing = try walk.next() else { return }
        throw ContentError(.incomplete, "the archive ends before the block \(missing)")
    }

    private mutating func checkHeader() throws(ContentError) {
        guard !isHeaderChecked, let header = blocks.header else { return }
        guard header.roots == roots else {
            throw ContentError(
                .malformed,
                "the archive names other roots (\(header.roots.count)) than it should (\(roots.count))"
            )
        }
        isHeaderChecked = true
    }
}
