import Core

/// Where a path leads, and the blocks that prove it.
public struct ResolvedPath: Hashable, Sendable {
    /// What lies at the end of the path.
    public let cid: CID
    /// The CID at each segment, the root first: the values of `X-Ipfs-Roots`.
    public let roots: [CID]
    /// Every block that was read on the way, in order, without the one at the end.
    public let proof: [CID]
}

/// Follows a path through directories. Symbolic links are never followed.
public enum PathWalk {
    /// - Parameter path: the names, already percent-decoded, without empty ones.
    /// - Throws: ``ContentError`` `.notFound` when a segment is not there, `.invalidName` for `.` and `..`, and what
    ///   `read` throws.
    public static func resolve(_ path: [String], below root: CID, read: BlockReader) throws -> ResolvedPath {
        var current = root
        var roots = [root]
        var proof: [CID] = []
        for name in path {
            try EntryName.check(name)
            guard current.codec == .dagPB else {
                throw ContentError(.notFound, "\"\(name)\" is not there: \(current) is not a directory")
            }
            switch try UnixFSNode.read(current, read) {
            case .directory, .shard: break
            default: throw ContentError(.notFound, "\"\(name)\" is not there: \(current) is not a directory")
            }
            guard let next = try DirectoryWalk.lookup(name, in: current, read: read, shard: { proof.append($0) }) else {
                throw ContentError(.notFound, "there is no \"\(name)\" in \(current)")
            }
            current = next
            roots.append(next)
        }
        return ResolvedPath(cid: current, roots: roots, proof: proof)
    }
}
