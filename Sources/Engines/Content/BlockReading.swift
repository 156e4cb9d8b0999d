import Core

/// Where walks get blocks from: memory, a disk, or a node's answer.
///
/// Walks are plain functions that read what they need. A reader that lacks a block throws an error of its own, which ends
/// the walk; the caller may bring the block in and walk again.
public typealias BlockReader = (CID) throws -> [UInt8]

/// The bounds of walks over DAGs that somebody else made.
public enum WalkLimits {
    /// Deepest DAG.
    public static let depthMax = 128
    /// Most blocks that one walk visits.
    public static let blocksMax = 16_000_000
    /// Most entries of one directory that are listed.
    public static let entriesMax = 4_000_000
}

extension UnixFSNode {
    /// Reads and decodes one block; an identity CID is its own block and is not read.
    static func read(_ cid: CID, _ read: BlockReader) throws -> UnixFSNode {
        if case .identity(let bytes) = cid.hash { return try UnixFSNode(cid: cid, bytes: bytes) }
        return try UnixFSNode(cid: cid, bytes: read(cid))
    }
}
