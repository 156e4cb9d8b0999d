import Core
import GRDB
import SQLite
import Synchronization

/// What one round of collection did.
public struct CollectionSummary: Hashable, Sendable {
    /// Deleted because nothing needs them.
    public var collectedBlocks = 0
    /// Deleted because the cache was over its limit.
    public var evictedBlocks = 0
    /// What the deleted blocks counted, in bytes.
    public var freedBytes: Int64 = 0
    /// Whether another call finds more to do at once.
    public var hasMore = false
}

extension BlockStore {
    /// Most blocks that one transaction of the collection deletes; a node's children are released in one piece.
    public static let collectionBatchMax = 1024

    /// Most blocks that are taken from the release queue at once.
    static let releasedNodesMax = 64

    /// Does a bounded part of the housekeeping: releases what was unpinned, evicts from the cache, gives space back.
    ///
    /// What is left is in the index, so a crash loses no progress. Call again while ``CollectionSummary/hasMore``.
    ///
    /// - Parameters:
    ///   - blocksMax: about how many blocks are deleted at most.
    ///   - now: ends the staging of what was staged until then; orders the cache.
    @discardableResult
    public func collectOnce(blocksMax: Int = collectionBatchMax, at now: Instant) throws -> CollectionSummary {
        try collection.withLock { canPunch in
            var summary = CollectionSummary()
            try noteUses(now)
            try release(max: min(blocksMax, Self.collectionBatchMax), &summary)
            let excess = budget.excess
            if excess > 0 {
                let evicted = try evict(atLeast: excess, now: now, batchesMax: 1)
                summary.evictedBlocks = evicted.blocks
                summary.freedBytes += evicted.bytes
                summary.hasMore = summary.hasMore || (evicted.blocks > 0 && evicted.bytes < excess)
            }
            try removeEmptyVolumes(&summary)
            // More deletions may free whole volumes, which is cheaper.
            if canPunch, !summary.hasMore { canPunch = try punch(&summary) }
            return summary
        }
    }

    /// Runs ``collectOnce(blocksMax:at:)`` until nothing is left to do at once.
    public func collect(at now: Instant) throws {
        while try collectOnce(at: now).hasMore {}
    }

    // MARK: - Release

    private func release(max: Int, _ summary: inout CollectionSummary) throws {
        let isQueueEmpty = try read { database in
            try RawStatement(database, "SELECT 1 FROM release_queue LIMIT 1").first { _ in true } == nil
        }
        guard !isQueueEmpty else { return }
        let before = budget.committed
        let (deleted, hasMore) = try relied.withLock { relied in
            try write { transaction in try release(max: max, relied: relied, transaction) }
        }
        summary.collectedBlocks += deleted
        summary.hasMore = summary.hasMore || (hasMore && deleted > 0)
        summary.freedBytes += Swift.max(
            0,
            before.pinned + before.releasing - budget.committed.pinned
                - budget.committed.releasing
        )
        counterState.withLock { $0.collected += deleted }
    }

    private func release(
        max: Int,
        relied: [BlockKey: Int],
        _ transaction: IndexTransaction
    ) throws -> (deleted: Int, hasMore: Bool) {
        var deleted = 0
        var skipped: Set<BlockKey> = []
        while deleted < max {
            let queue = try RawStatement(transaction.database, "SELECT digest, codec FROM release_queue LIMIT ?")
            queue.bind(1, Int64(min(max - deleted, Self.releasedNodesMax) + skipped.count))
            let keys = try queue.all { try $0.key(0) }.filter { !skipped.contains($0) }
            guard !keys.isEmpty else { return (deleted, false) }
            var walk = ReferenceWalk(transaction)
            var gone: [(BlockKey, BlockRow)] = []
            for key in keys {
                guard let row = try transaction.row(key), row.refs == 0, row.used == 0, relied[key] == nil else {
                    skipped.insert(key)
                    continue
                }
                // The children of a block whose bytes are gone stay counted; `recount` shows them.
                if row.isPresent {
                    for child in ((try? walk.children(of: key.cid, key, row)) ?? []).compactMap({ BlockKey($0) }) {
                        if child.isRaw, relied[child] == nil {
                            deleted += try walk.removeLeaf(child) ? 1 : 0
                        } else {
                            try walk.remove(child)
                        }
                    }
                }
                gone.append((key, row))
            }
            try walk.apply()
            for (key, row) in gone {
                let dequeue = try RawStatement(
                    transaction.database,
                    "DELETE FROM release_queue WHERE digest = ? AND codec = ?"
                )
                dequeue.bind(1, key)
                try dequeue.run()
                try transaction.delete(key, row)
            }
            deleted += gone.count
        }
        return (deleted, true)
    }

    // MARK: - Eviction

    /// Deletes the cached blocks that were not used for longest until `bytes` are freed or the cache is empty.
    @discardableResult
    func evict(
        atLeast bytes: Int64,
        now: Instant,
        batchesMax: Int = .max
    ) throws -> (blocks: Int, bytes: Int64) {
        var blocks = 0
        var freed: Int64 = 0
        for _ in 0..<batchesMax {
            guard freed < bytes else { break }
            let (count, size) = try relied.withLock { relied in
                try write { transaction in
                    try evictBatch(atLeast: bytes - freed, now: now, relied: relied, transaction)
                }
            }
            guard count > 0 else { break }
            blocks += count
            freed += size
        }
        counterState.withLock { $0.evicted += blocks }
        return (blocks, freed)
    }

    private func evictBatch(
        atLeast bytes: Int64,
        now: Instant,
        relied: [BlockKey: Int],
        _ transaction: IndexTransaction
    ) throws -> (Int, Int64) {
        try unstage(now, transaction)
        let oldest = try RawStatement(
            transaction.database,
            """
            SELECT digest, codec, volume, offset, length, refs, used FROM block
            WHERE refs = 0 AND used <> 0 AND used > 0 ORDER BY used LIMIT ?
            """
        )
        oldest.bind(1, Int64(Self.collectionBatchMax + relied.count))
        let candidates = try oldest.all { (try $0.key(0), BlockRow($0, from: 2)) }
        var count = 0
        var freed: Int64 = 0
        for (key, row) in candidates where relied[key] == nil {
            guard freed < bytes, count < Self.collectionBatchMax else { break }
            try transaction.delete(key, row)
            count += 1
            freed += Int64(row.length)
        }
        return (count, freed)
    }

    /// Makes cached blocks of what was staged until `now` or earlier.
    private func unstage(_ now: Instant, _ transaction: IndexTransaction) throws {
        let ended = try RawStatement(
            transaction.database,
            """
            SELECT digest, codec, volume, offset, length, refs, used FROM block
            WHERE refs = 0 AND used <> 0 AND used < 0 AND used >= ? LIMIT ?
            """
        )
        ended.bind(1, now.milliseconds == .max ? 0 : -now.milliseconds)
        ended.bind(2, Int64(Self.collectionBatchMax))
        for (key, row) in try ended.all({ (try $0.key(0), BlockRow($0, from: 2)) }) {
            var cached = row
            cached.used = -row.used
            try transaction.update(key, from: row, to: cached)
        }
    }

    private func noteUses(_ now: Instant) throws {
        let uses = touches.withLock { touches in
            defer { touches = [:] }
            return touches
        }
        let hasEnded = try read { database in
            let statement = try RawStatement(
                database,
                "SELECT 1 FROM block WHERE refs = 0 AND used <> 0 AND used < 0 AND used >= ? LIMIT 1"
            )
            statement.bind(1, -now.milliseconds)
            return try statement.first { _ in true } ?? false
        }
        guard !uses.isEmpty || hasEnded else { return }
        try write(durable: false) { transaction in
            try unstage(now, transaction)
            for (key, used) in uses.sorted(by: { $0.key.prefix < $1.key.prefix }) {
                guard let row = try transaction.row(key), row.refs == 0, row.used > 0, row.used < used else { continue }
                var touched = row
                touched.used = used
                try transaction.update(key, from: row, to: touched)
            }
        }
        locations.remove(Array(uses.keys))
    }
}
