import Core
import GRDB
import SQLite
import Synchronization

extension PieceStore {
    /// Most segments that one entry of a commit entombs.
    static let tombstoneBatchMax = 256

    /// Takes an owner's removals: their pieces count as gone at once and are freed by ``collect(now:budget:)``.
    ///
    /// A segment that is held for another owner is left alone. Segments that are not here are remembered too, so that
    /// their pieces are refused, as far as ``PieceStoreConfiguration/foreignTombstonesMax`` goes.
    ///
    /// - Parameters:
    ///   - until: how long the removal is remembered.
    ///   - bytes: the signed tombstone, at most ``StoredTombstone/bytesMax`` bytes.
    /// - Returns: How many of the segments are now removed or remembered.
    /// - Throws: ``PieceStoreError`` `.invalid`, `.limit`, `.diskFull` or `.ioFailed`; then some may be removed.
    @discardableResult
    public func entomb(_ segments: [Digest], owner: [UInt8], until: Instant, bytes: [UInt8]) throws -> Int {
        guard owner.count == PieceDescription.ownerByteCount else {
            throw PieceStoreError(.invalid, "an owner has \(PieceDescription.ownerByteCount) bytes, not \(owner.count)")
        }
        guard bytes.count <= StoredTombstone.bytesMax else {
            throw PieceStoreError(.limit, "a tombstone has at most \(StoredTombstone.bytesMax) bytes")
        }
        let unique = Array(Set(segments)).sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        return try upkeep.withLock { _ in
            var count = 0
            for start in stride(from: 0, to: unique.count, by: Self.tombstoneBatchMax) {
                let batch = unique[start..<min(start + Self.tombstoneBatchMax, unique.count)].map {
                    StoredTombstone(segment: $0, owner: owner, until: until, bytes: bytes)
                }
                count += try entomb(batch)
            }
            return count
        }
    }

    private func entomb(_ batch: [StoredTombstone]) throws -> Int {
        let (wanted, known) = try read { database in
            var known = 0
            let wanted = try Self.admitted(batch, max: configuration.foreignTombstonesMax, database)
                .filter { tombstone in
                    let until = try RawStatement(
                        database,
                        "SELECT until FROM tombstone WHERE segment = ? AND owner = ?",
                        tombstone.segment,
                        tombstone.owner
                    ).first { $0.instant(0) }
                    guard let until, until >= tombstone.until else { return true }
                    known += 1
                    return false
                }
            return (wanted, known)
        }
        guard !wanted.isEmpty else { return known }
        var reserved: [Reservation] = []
        do {
            for tombstone in wanted {
                let shape = FrameShape(tombstone)
                let reservation = try Self.mapErrors { try volumes.reserve(shape.frameByteCount) }
                reserved.append(reservation)
                let header = FrameHeader.encode(
                    .tombstone,
                    body: shape.body,
                    hashes: [],
                    frameByteCount: shape.frameByteCount,
                    at: reservation.place
                )
                let padding = [UInt8](repeating: 0, count: shape.frameByteCount - header.count)
                try write(header + padding, to: reservation.volume, at: reservation.extent.offset)
            }
            let reservations = reserved
            try commit(
                CommitEntry(reservations) { transaction in
                    for (tombstone, reservation) in zip(wanted, reservations) {
                        try transaction.entomb(tombstone, extent: reservation.extent)
                    }
                }
            )
        } catch {
            for reservation in reserved { volumes.abandon(reservation, hasHeader: true) }
            throw error
        }
        return wanted.count + known
    }

    /// Those that are for segments of their owner, or for segments that are not here and still find room.
    private static func admitted(
        _ batch: [StoredTombstone],
        max: Int,
        _ database: Database
    ) throws -> [StoredTombstone] {
        var room =
            try RawStatement(database, "SELECT ? - count(*) FROM tombstone WHERE held = 0", max)
            .first { $0.int(0) } ?? 0
        return try batch.filter { tombstone in
            if let row = try IndexTransaction.segment(tombstone.segment, database) {
                return row.owner == tombstone.owner
            }
            if try IndexTransaction.isEntombed(tombstone.segment, owner: tombstone.owner, database) { return true }
            room -= 1
            return room >= 0
        }
    }

    /// The removals of a segment that are known, by owner.
    public func tombstones(of segment: Digest) throws -> [StoredTombstone] {
        try read { database in
            try RawStatement(
                database,
                "SELECT owner, until, bytes FROM tombstone WHERE segment = ? ORDER BY owner",
                segment
            ).all { row in
                StoredTombstone(segment: segment, owner: row.bytes(0), until: row.instant(1), bytes: row.bytes(2))
            }
        }
    }

    /// Removes one piece for good; its space comes back with the next ``collect(now:budget:)``.
    ///
    /// - Returns: Whether it was here.
    @discardableResult
    public func remove(_ segment: Digest, _ index: Int) throws -> Bool {
        try upkeep.withLock { _ in
            let rest: SegmentRow?? = try write { transaction in
                guard let row = try IndexTransaction.segment(segment, transaction.database),
                    let piece = try IndexTransaction.piece(index, of: row.id, transaction.database)
                else { return nil }
                try transaction.delete(piece, of: row.id, owner: row.owner)
                let hasMore = try !IndexTransaction.pieces(of: row.id, transaction.database, limit: 1).isEmpty
                if !hasMore { try transaction.deleteSegment(row.id) }
                return .some(hasMore ? row : nil)
            }
            guard let rest else { return false }
            // The removed frame may have been the one that says how long the lease is.
            if let rest { try writeLeases([(segment: rest.id, end: rest.lease, slot: rest.slot)]) }
            while try buryDead() {}
            return true
        }
    }
}

extension IndexTransaction {
    /// Stores a tombstone and marks the pieces that it removes.
    func entomb(_ tombstone: StoredTombstone, extent: Extent) throws {
        let row = try Self.segment(tombstone.segment, database)
        let segment = row.flatMap { $0.owner == tombstone.owner ? $0 : nil }
        try insert(tombstone, isHeld: segment != nil, extent: extent)
        guard let segment, !segment.isEntombed else { return }
        try RawStatement(database, "UPDATE segment SET entombed = 1 WHERE id = ?", segment.id).run()
        for piece in try Self.pieces(of: segment.id, database) {
            try setState(.entombed, of: piece, in: segment.id)
        }
    }
}
