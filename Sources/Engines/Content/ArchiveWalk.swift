import Core

/// The order of blocks in the archive of some roots: depth first, parents before children, one root after the other, each
/// block once.
///
/// Take the next block from ``next()`` and tell ``visited(_:bytes:)`` what it holds before the one after it. For a single
/// root the order is that of ``DAGWalk/blocks(below:read:visit:)``. Memory grows with the number of blocks (some 60 bytes
/// each).
public struct ArchiveWalk: Sendable {
    private var stack: [CID]
    private var seen: Set<CID> = []

    public init(roots: [CID]) {
        stack = roots.reversed()
    }

    /// The next block, or nil when there are no more; identity CIDs, which carry their bytes, are left out.
    ///
    /// - Throws: ``ContentError`` `.tooLarge` over ``WalkLimits/blocksMax``, `.malformed` for a wrong identity CID.
    public mutating func next() throws(ContentError) -> CID? {
        while let cid = stack.popLast() {
            guard seen.insert(cid).inserted else { continue }
            guard seen.count <= WalkLimits.blocksMax, stack.count <= WalkLimits.blocksMax else {
                throw ContentError(.tooLarge, "an archive of more than \(WalkLimits.blocksMax) blocks")
            }
            guard case .identity(let bytes) = cid.hash else { return cid }
            try visited(cid, bytes: bytes)
        }
        return nil
    }

    /// Takes what the block that ``next()`` gave links to.
    ///
    /// - Throws: ``ContentError`` `.malformed` for a dag-pb block that is none.
    public mutating func visited(_ cid: CID, bytes: [UInt8]) throws(ContentError) {
        stack += try DAGWalk.links(of: cid, bytes: bytes).reversed()
    }
}
