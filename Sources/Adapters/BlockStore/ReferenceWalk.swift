import Content
import Core
import SQLite

/// Counts references when pins come and go, over changes that are not written yet.
///
/// A block holds one reference on each of its children as long as something refers to it, so a new version of a site
/// costs what changed in it and nothing more. Links are followed from a work list, never recursively.
struct ReferenceWalk {
    private struct Entry {
        /// As the index has it, `nil` for a block that this transaction brings.
        var old: BlockRow?
        var new: BlockRow
    }

    private let transaction: IndexTransaction
    /// Blocks that this transaction brings: their row (without references) and, for nodes, their bytes.
    private let brought: (BlockKey) -> (row: BlockRow, bytes: [UInt8])?
    private var entries: [BlockKey: Entry] = [:]
    /// Volumes and how far their bytes have to be on stable storage before this is committed.
    private(set) var ends: [Int64: Int] = [:]

    init(
        _ transaction: IndexTransaction,
        brought: @escaping (BlockKey) -> (row: BlockRow, bytes: [UInt8])? = { _ in nil }
    ) {
        self.transaction = transaction
        self.brought = brought
    }

    /// The row that a brought block gets.
    func row(ofBrought key: BlockKey) -> BlockRow? { entries[key]?.new }

    // MARK: - Adding

    /// Adds a reference to `root`.
    ///
    /// - Throws: ``BlockStoreError`` `.incomplete` for the first block that is not here, `.badBlock` for a node that
    ///   cannot be read.
    mutating func add(_ root: CID) throws {
        var work = [root]
        while let cid = work.popLast() {
            guard let key = BlockKey(cid) else { continue }
            guard var entry = try load(key), entry.new.isPresent else {
                throw BlockStoreError(
                    .incomplete,
                    "the block \(cid) under \(root) is not here; fetch it first",
                    cid: cid
                )
            }
            entry.new.refs += 1
            guard entry.new.refs == 1 else {
                entries[key] = entry
                continue
            }
            if entry.old != nil, entry.new.used == 0 {
                try dequeue(key)  // it was waiting for its release and still holds its children
            } else {
                entry.new.used = 0
                work += try children(of: cid, key, entry.new)
            }
            if entry.new.isInVolume {
                ends[entry.new.volume] = max(ends[entry.new.volume] ?? 0, entry.new.range.upperBound)
            }
            entries[key] = entry
        }
    }

    private mutating func load(_ key: BlockKey) throws -> Entry? {
        if let entry = entries[key] { return entry }
        if let row = brought(key)?.row { return Entry(old: nil, new: row) }
        return try transaction.row(key).map { Entry(old: $0, new: $0) }
    }

    private func dequeue(_ key: BlockKey) throws {
        let statement = try RawStatement(
            transaction.database,
            "DELETE FROM release_queue WHERE digest = ? AND codec = ?"
        )
        statement.bind(1, key)
        try statement.run()
    }

    // MARK: - Removing

    /// Takes a reference away; a block without any waits in the release queue until its children are released.
    mutating func remove(_ key: BlockKey) throws {
        guard var entry = try load(key), entry.new.refs > 0 else { return }
        entry.new.refs -= 1
        entries[key] = entry
        guard entry.new.refs == 0 else { return }
        let statement = try RawStatement(
            transaction.database,
            "INSERT OR IGNORE INTO release_queue (digest, codec) VALUES (?, ?)"
        )
        statement.bind(1, key)
        try statement.run()
    }

    /// Takes a reference on a leaf away and deletes the leaf with the last one; a leaf has nothing to release later.
    ///
    /// - Returns: Whether it was deleted.
    mutating func removeLeaf(_ key: BlockKey) throws -> Bool {
        guard let entry = try load(key), let old = entry.old, entry.new.refs == 1 else {
            try remove(key)
            return false
        }
        entries[key] = nil
        try transaction.delete(key, old)
        return true
    }

    // MARK: - Links

    func children(of cid: CID, _ key: BlockKey, _ row: BlockRow) throws -> [CID] {
        guard cid.codec == .dagPB else { return [] }
        guard let bytes = try brought(key)?.bytes ?? transaction.node(row.offset) else { return [] }
        do {
            return try DAGPBNode(decoding: bytes).links.map(\.cid)
        } catch {
            throw BlockStoreError(.badBlock, "the block \(cid) is no valid dag-pb node", cid: cid, cause: error)
        }
    }

    /// Writes the changed rows of blocks that the index has.
    mutating func apply() throws {
        for (key, entry) in entries.sorted(by: { $0.key.prefix < $1.key.prefix }) {
            guard let old = entry.old, old != entry.new else { continue }
            try transaction.update(key, from: old, to: entry.new)
        }
    }
}
