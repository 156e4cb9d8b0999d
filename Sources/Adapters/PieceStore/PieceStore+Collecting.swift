import Core
import Files
import GRDB
import SQLite

/// What one round of collection did.
public struct Collected: Hashable, Sendable {
    /// Pieces that were freed.
    public var pieces = 0
    /// Segments of which nothing is left.
    public var segments = 0
    /// Tombstones that ended.
    public var tombstones = 0
    /// Bytes of disk that were given back.
    public var freedBytes: Int64 = 0
    /// Whether another call finds more to do at once.
    public var hasMore = false

    public init() {}
}

extension PieceStore {
    /// Most frames that one step handles.
    public static let collectionBatchMax = 1024

    /// Frees the pieces of segments that their owner removed or whose lease has ended, and gives space back.
    ///
    /// Nothing else is a ground for freeing a piece. What is left to do is in the index, so a crash loses no progress.
    /// Call again while ``Collected/hasMore``.
    ///
    /// - Parameters:
    ///   - now: leases that end before it have ended.
    ///   - budget: most pieces that are freed, at most 1024.
    /// - Throws: ``PieceStoreError`` `.diskFull` or `.ioFailed`.
    @discardableResult
    public func collect(now: Instant, budget: Int = collectionBatchMax) throws -> Collected {
        try upkeep.withLock { canPunch in
            let before = accounting
            var collected = Collected()
            try free(now, max(1, min(budget, Self.collectionBatchMax)), &collected)
            while try buryDead() {}
            // No header of a removed piece is left, so a rebuilt index does not need these to keep it removed.
            try endTombstones(now, &collected)
            while try buryDead() {}
            try removeEmptyVolumes(&collected)
            if canPunch { canPunch = try punch(&collected) }
            collected.freedBytes = before.allDiskBytes - accounting.allDiskBytes
            counterState.withLock { $0.collected += collected.pieces }
            return collected
        }
    }

    private func free(_ now: Instant, _ budget: Int, _ collected: inout Collected) throws {
        let isDue = try read { database in
            try RawStatement(
                database,
                "SELECT 1 WHERE EXISTS (SELECT 1 FROM segment WHERE entombed <> 0)"
                    + " OR EXISTS (SELECT 1 FROM segment WHERE lease < ?)",
                now
            ).first { _ in true } ?? false
        }
        guard isDue else { return }
        let (pieces, segments, hasMore) = try write { transaction in
            let database = transaction.database
            let due = try RawStatement(
                database,
                "SELECT \(SegmentRow.columns) FROM segment WHERE entombed <> 0"
                    + " UNION SELECT \(SegmentRow.columns) FROM segment WHERE lease < ? LIMIT ?",
                now,
                budget + 1
            ).all { SegmentRow($0) }
            var pieces = 0
            var segments = 0
            for segment in due {
                let rows = try IndexTransaction.pieces(of: segment.id, database, limit: budget - pieces + 1)
                guard pieces < budget || rows.isEmpty else { return (pieces, segments, true) }
                for row in rows.prefix(budget - pieces) {
                    try transaction.delete(row, of: segment.id, owner: segment.owner)
                }
                guard rows.count <= budget - pieces else { return (budget, segments, true) }
                pieces += rows.count
                try transaction.deleteSegment(segment.id)
                segments += 1
            }
            return (pieces, segments, due.count > budget)
        }
        collected.pieces = pieces
        collected.segments = segments
        collected.hasMore = hasMore
    }

    /// Overwrites the headers of frames that are gone and returns when that is on stable storage.
    ///
    /// - Returns: Whether there may be more.
    func buryDead() throws -> Bool {
        // Inside a transaction no commit runs, so what nobody writes to now stays dead.
        let dead = try dead("buried = 0")
        guard !dead.isEmpty else { return false }
        var buried: [Int64: OpenVolume] = [:]
        try Self.mapErrors {
            for extent in dead {
                guard let volume = try openIfThere(extent.volume) else { continue }
                try volumes.bury(extent, in: volume)
                buried[volume.id] = volume
            }
            for id in buried.keys.sorted() {
                if let volume = buried[id] { try fileSystem.synchronize(volume.descriptor) }
            }
        }
        try write { transaction in
            for extent in dead {
                try RawStatement(
                    transaction.database,
                    "UPDATE dead SET buried = 1 WHERE volume = ? AND offset = ?",
                    extent.volume,
                    extent.offset
                ).run()
            }
        }
        return dead.count == Self.collectionBatchMax
    }

    private func dead(_ condition: String) throws -> [Extent] {
        try mapErrors {
            try index.writeWithoutTransaction { database in
                var dead: [Extent] = []
                try database.inTransaction(.immediate) {
                    let found = try RawStatement(
                        database,
                        "SELECT volume, offset, length FROM dead WHERE \(condition) LIMIT ?",
                        Self.collectionBatchMax + configuration.writersMax
                    ).all { Extent(volume: $0.integer(0), offset: $0.int(1), byteCount: $0.int(2)) }
                    dead = found.filter { !volumes.isWriting($0) }
                    return .commit
                }
                return Array(dead.prefix(Self.collectionBatchMax))
            }
        }
    }

    private func endTombstones(_ now: Instant, _ collected: inout Collected) throws {
        let hasEnded = try read { database in
            try RawStatement(database, "SELECT 1 FROM tombstone WHERE until < ? LIMIT 1", now).first { _ in true }
        }
        guard hasEnded != nil else { return }
        let count = try write { transaction in
            let ended = try RawStatement(
                transaction.database,
                """
                SELECT segment, owner FROM tombstone WHERE until < ? AND NOT EXISTS
                (SELECT 1 FROM segment WHERE digest = tombstone.segment AND segment.owner = tombstone.owner) LIMIT ?
                """,
                now,
                Self.collectionBatchMax
            ).all { (try $0.digest(0), $0.bytes(1)) }
            for (segment, owner) in ended { try transaction.deleteTombstone(segment, owner: owner) }
            return ended.count
        }
        collected.tombstones = count
        if count == Self.collectionBatchMax { collected.hasMore = true }
    }

    private func removeEmptyVolumes(_ collected: inout Collected) throws {
        let empty = try read { database in
            try RawStatement(database, "SELECT id FROM volume WHERE live = 0 LIMIT 64").all { $0.integer(0) }
        }
        for id in empty where volumes.close(id) {
            let isGone = try write { transaction in
                try RawStatement(transaction.database, "DELETE FROM volume WHERE id = ? AND live = 0", id).run()
                guard transaction.database.changesCount > 0 else { return false }
                let dead = try RawStatement(
                    transaction.database,
                    "SELECT volume, offset, length FROM dead WHERE volume = ?",
                    id
                ).all { Extent(volume: $0.integer(0), offset: $0.int(1), byteCount: $0.int(2)) }
                for extent in dead { try transaction.removeDead(extent) }
                return true
            }
            guard isGone else { continue }
            // All its headers are overwritten, should the file stay.
            volumes.remove(id)
        }
        if empty.count == 64 { collected.hasMore = true }
    }

    /// - Returns: Whether the file system can give ranges back.
    private func punch(_ collected: inout Collected) throws -> Bool {
        let dead = try dead("buried <> 0")
        var done: [Extent] = []
        var canPunch = true
        for extent in dead where canPunch {
            do {
                if let volume = try openIfThere(extent.volume) {
                    canPunch = try fileSystem.punchHole(volume.descriptor, extent.offset..<extent.end)
                }
                if canPunch { done.append(extent) }
            } catch is SystemCallError {
                continue  // It stays dead and is tried again.
            }
        }
        guard !done.isEmpty else { return canPunch }
        // Not durable: a range that is given back twice is as good as once.
        try write(durable: false) { transaction in
            for extent in done { try transaction.removeDead(extent) }
        }
        if dead.count == Self.collectionBatchMax { collected.hasMore = true }
        return canPunch
    }
}

extension PieceAccounting {
    /// All bytes of volumes that are in use or dead.
    fileprivate var allDiskBytes: Int64 { State.allCases.reduce(0) { $0 + self[$1].diskBytes } }
}
