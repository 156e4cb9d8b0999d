import Content
import Core
import SQLite

/// How far a check of all blocks has come.
public struct BlockCursor: Hashable, Sendable {
    let key: BlockKey?

    /// Before the first block.
    public static let start = BlockCursor(key: nil)
}

/// What one step of a check found.
public struct VerifiedBlocks: Hashable, Sendable {
    /// Blocks that were hashed.
    public var blocks = 0
    /// Bytes that were hashed.
    public var bytes = 0
    /// Blocks whose bytes do not have their hash; they are withdrawn.
    public var rotten: [CID] = []
    /// Where to go on, `nil` at the end.
    public var next: BlockCursor?

    public init() {}
}

extension BlockStore {
    /// Blocks that one step looks at.
    static let verifyBatchMax = 4_096

    /// Reads and hashes blocks, also those that nobody asks for, from `cursor` on.
    ///
    /// A block whose bytes are wrong is withdrawn, as if a reader had found it: one that is pinned counts as missing and is
    /// fetched again, one that is only cached is gone. Blocks that change meanwhile are left out.
    ///
    /// - Parameter bytesMax: the step ends with the block that reaches it.
    /// - Throws: ``BlockStoreError`` `.damagedIndex` or `.ioFailed`.
    public func verify(from cursor: BlockCursor, bytesMax: Int) throws -> VerifiedBlocks {
        let batch = try read { database in
            let isPast = cursor.key == nil ? "" : "WHERE (digest, codec) > (?, ?) "
            let statement = try RawStatement(
                database,
                "SELECT digest, codec FROM block \(isPast)ORDER BY digest, codec LIMIT \(Self.verifyBatchMax)"
            )
            if let key = cursor.key { statement.bind(1, key) }
            return try statement.all { try $0.key(0) }
        }
        var verified = VerifiedBlocks()
        for (number, key) in batch.enumerated() {
            do {
                guard let bytes = try read(key.cid) else { continue }
                verified.blocks += 1
                verified.bytes += bytes.readableBytes
            } catch let error as BlockStoreError where error.code == .corrupt {
                verified.blocks += 1
                verified.rotten.append(key.cid)
            }
            guard verified.bytes < bytesMax || number == batch.count - 1 else {
                verified.next = BlockCursor(key: key)
                return verified
            }
        }
        if batch.count == Self.verifyBatchMax, let last = batch.last { verified.next = BlockCursor(key: last) }
        return verified
    }
}
