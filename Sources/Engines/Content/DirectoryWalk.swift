import Core

/// The entries of a directory, flat or spread over HAMT shards.
public enum DirectoryWalk {
    /// Calls `visit` for each entry, in the order of the blocks; each shard's CID goes to `shard` before its entries.
    ///
    /// - Throws: ``ContentError`` `.unsupported` when `root` is no directory, and what `read` and `visit` throw.
    public static func entries(
        of root: CID,
        read: BlockReader,
        shard: (CID) throws -> Void = { _ in },
        visit: (DirectoryEntry) throws -> Void
    ) throws {
        var stack: [(cid: CID, depth: Int)] = [(root, 0)]
        var count = 0
        var seen: Set<CID> = []
        while let (cid, depth) = stack.popLast() {
            guard depth <= WalkLimits.depthMax else {
                throw ContentError(.tooLarge, "directory \(root) is deeper than \(WalkLimits.depthMax) shards")
            }
            // A name has one place, so equal shards are empty ones; a few of them could mean endless visits.
            guard seen.insert(cid).inserted else {
                throw ContentError(.malformed, "directory \(root) has the shard \(cid) twice")
            }
            try shard(cid)
            switch try UnixFSNode.read(cid, read) {
            case .directory(let links):
                guard depth == 0 else { throw ContentError(.malformed, "shard \(cid) of \(root) is a flat directory") }
                for link in links { try visit(DirectoryEntry(name: link.name, cid: link.cid, tsize: link.tsize)) }
            case .shard(let node):
                var below: [(CID, Int)] = []
                for slot in node.slots {
                    guard let name = slot.name else {
                        below.append((slot.cid, depth + 1))
                        continue
                    }
                    count += 1
                    guard count <= WalkLimits.entriesMax else {
                        throw ContentError(.tooLarge, "\(root) has more than \(WalkLimits.entriesMax) entries")
                    }
                    try visit(DirectoryEntry(name: name, cid: slot.cid, tsize: slot.tsize))
                }
                stack += below.reversed()
            default:
                throw ContentError(.unsupported, "\(cid) is not a directory")
            }
        }
    }

    /// Looks one name up; the CIDs of the shards that were read on the way, `root` first, go to `shard`.
    ///
    /// - Returns: `nil` when the directory has no such entry. Names are compared as bytes; the first match wins.
    public static func lookup(
        _ name: String,
        in root: CID,
        read: BlockReader,
        shard: (CID) throws -> Void = { _ in }
    ) throws -> CID? {
        var path = HAMTPath(name: name)
        var current = root
        for depth in 0...WalkLimits.depthMax {
            try shard(current)
            switch try UnixFSNode.read(current, read) {
            case .directory(let links):
                guard depth == 0 else { throw ContentError(.malformed, "\(current) is no shard of \(root)") }
                return links.first { $0.name.utf8.elementsEqual(name.utf8) }?.cid
            case .shard(let node):
                guard let index = path.next(bits: node.bitsPerLevel), let slot = node.slot(at: index) else {
                    return nil
                }
                if let found = slot.name { return found.utf8.elementsEqual(name.utf8) ? slot.cid : nil }
                current = slot.cid
            default:
                throw ContentError(.unsupported, "\(current) is not a directory")
            }
        }
        throw ContentError(.tooLarge, "directory \(root) is deeper than \(WalkLimits.depthMax) shards")
    }
}
