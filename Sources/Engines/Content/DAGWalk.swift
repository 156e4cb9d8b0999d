import Core

/// Every block of a DAG.
public enum DAGWalk {
    /// What a block links to: its dag-pb links, nothing for every other codec.
    public static func links(of cid: CID, bytes: [UInt8]) throws(ContentError) -> [CID] {
        guard cid.codec == .dagPB else { return [] }
        return try DAGPBNode(decoding: bytes).links.map(\.cid)
    }

    /// Calls `visit` for each block below `root`, depth first, parents before children, each once.
    ///
    /// Leaves are not read here. Identity CIDs, which carry their bytes, are left out. Memory grows with the number of
    /// blocks (some 60 bytes each).
    ///
    /// - Throws: ``ContentError`` `.tooLarge` over ``WalkLimits/blocksMax``, and what `read` and `visit` throw.
    public static func blocks(below root: CID, read: BlockReader, visit: (CID) throws -> Void) throws {
        var seen: Set<CID> = []
        try blocks(below: root, seen: &seen, read: read, visit: visit)
    }

    /// The same, leaving out what is in `seen`, which must hold whole subtrees, and adding to it.
    static func blocks(below root: CID, seen: inout Set<CID>, read: BlockReader, visit: (CID) throws -> Void) throws {
        var stack = [root]
        while let cid = stack.popLast() {
            guard seen.insert(cid).inserted else { continue }
            guard seen.count <= WalkLimits.blocksMax else {
                throw ContentError(.tooLarge, "\(root) has more than \(WalkLimits.blocksMax) blocks")
            }
            if case .identity(let bytes) = cid.hash {
                stack += try links(of: cid, bytes: bytes).reversed()
                continue
            }
            try visit(cid)
            if cid.codec == .dagPB { stack += try links(of: cid, bytes: read(cid)).reversed() }
        }
    }
}
