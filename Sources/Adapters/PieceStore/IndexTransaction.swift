import Core
import GRDB
import SQLite

/// One write transaction over the index: every change of a frame goes through here, and with it the accounts of the
/// store, of owners and of volumes, so that they cannot differ from the rows.
final class IndexTransaction {
    let database: Database
    /// The accounts as this transaction leaves them.
    var accounting: PieceAccounting
    private var owners: [[UInt8]: PieceAmount] = [:]
    private var live: [Int64: Int64] = [:]

    init(_ database: Database) throws {
        self.database = database
        accounting = try Self.accounting(database)
    }

    static func accounting(_ database: Database) throws -> PieceAccounting {
        var accounting = PieceAccounting()
        try RawStatement(database, "SELECT state, count, payload, disk FROM account").forEach { row in
            guard let state = PieceAccounting.State(rawValue: row.int(0)) else { return }
            accounting[state] = PieceAmount(
                count: row.integer(1),
                payloadBytes: row.integer(2),
                diskBytes: row.integer(3)
            )
        }
        return accounting
    }

    // MARK: - Looking up

    static func segment(_ digest: Digest, _ database: Database) throws -> SegmentRow? {
        try RawStatement(database, "SELECT \(SegmentRow.columns) FROM segment WHERE digest = ?", digest)
            .first { SegmentRow($0) }
    }

    static func piece(_ number: Int, of segment: Int64, _ database: Database) throws -> PieceRow? {
        try RawStatement(
            database,
            "SELECT \(PieceRow.columns) FROM piece WHERE segment = ? AND number = ?",
            segment,
            number
        ).first { PieceRow($0) }
    }

    static func pieces(of segment: Int64, _ database: Database, limit: Int = 256) throws -> [PieceRow] {
        try RawStatement(
            database,
            "SELECT \(PieceRow.columns) FROM piece WHERE segment = ? ORDER BY number LIMIT ?",
            segment,
            limit
        ).all { PieceRow($0) }
    }

    static func isEntombed(_ segment: Digest, owner: [UInt8], _ database: Database) throws -> Bool {
        try RawStatement(database, "SELECT 1 FROM tombstone WHERE segment = ? AND owner = ?", segment, owner)
            .first { _ in true } ?? false
    }

    // MARK: - Pieces

    /// Stores the row of a piece whose frame is durable; the frame of an earlier, damaged one becomes dead.
    func insert(_ piece: PieceDescription, hashes: [UInt8], header: Int, extent: Extent, slot: Int = 0) throws {
        let row = try Self.segment(piece.segment, database)
        let segment: Int64
        if let row {
            segment = row.id
            if let old = try Self.piece(piece.index, of: segment, database) {
                try delete(old, of: segment, owner: row.owner)
            }
            if row.lease < piece.leaseEnd {
                try RawStatement(
                    database,
                    "UPDATE segment SET lease = ?, slot = ? WHERE id = ?",
                    piece.leaseEnd,
                    slot,
                    segment
                ).run()
            }
        } else {
            try RawStatement(
                database,
                "INSERT INTO segment (digest, owner, lease, slot, entombed, record) VALUES (?, ?, ?, ?, 0, ?)",
                piece.segment,
                piece.owner,
                piece.leaseEnd,
                slot,
                piece.record
            ).run()
            segment = database.lastInsertedRowID
        }
        try RawStatement(
            database,
            """
            INSERT INTO piece (segment, number, volume, offset, frame, header, bytes, state, root, hashes)
            VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?)
            """,
            segment,
            piece.index,
            extent.volume,
            extent.offset,
            extent.byteCount,
            header,
            piece.byteCount,
            piece.root,
            hashes
        ).run()
        if let renewal = piece.renewal { try keep(renewal, for: segment) }
        let amount = PieceAmount(
            count: 1,
            payloadBytes: Int64(piece.byteCount),
            diskBytes: Int64(extent.byteCount)
        )
        accounting.sound.add(amount, sign: 1)
        owners[piece.owner, default: PieceAmount()].add(amount, sign: 1)
        live[extent.volume, default: 0] += Int64(extent.byteCount)
    }

    /// Removes a piece's row; its frame becomes dead.
    func delete(_ row: PieceRow, of segment: Int64, owner: [UInt8]) throws {
        try RawStatement(database, "DELETE FROM piece WHERE segment = ? AND number = ?", segment, row.number).run()
        accounting[row.state].add(row.amount, sign: -1)
        owners[owner, default: PieceAmount()].add(row.amount, sign: -1)
        try giveUp(row.extent)
    }

    /// Removes a segment without pieces.
    func deleteSegment(_ id: Int64) throws {
        try RawStatement(database, "DELETE FROM statement WHERE segment = ?", id).run()
        try forgetRenewal(of: id)
        try RawStatement(database, "DELETE FROM segment WHERE id = ?", id).run()
    }

    func setState(_ state: PieceAccounting.State, of row: PieceRow, in segment: Int64) throws {
        guard row.state != state else { return }
        try RawStatement(
            database,
            "UPDATE piece SET state = ? WHERE segment = ? AND number = ?",
            state.rawValue,
            segment,
            row.number
        ).run()
        accounting[row.state].add(row.amount, sign: -1)
        accounting[state].add(row.amount, sign: 1)
    }

    // MARK: - Tombstones

    /// Stores a tombstone whose frame is durable, in the place of the earlier one.
    func insert(_ tombstone: StoredTombstone, isHeld: Bool, extent: Extent) throws {
        try deleteTombstone(tombstone.segment, owner: tombstone.owner)
        try RawStatement(
            database,
            """
            INSERT INTO tombstone (segment, owner, until, held, volume, offset, frame, bytes)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            tombstone.segment,
            tombstone.owner,
            tombstone.until,
            isHeld ? 1 : 0,
            extent.volume,
            extent.offset,
            extent.byteCount,
            tombstone.bytes
        ).run()
        accounting.tombstones.add(PieceAmount(count: 1, diskBytes: Int64(extent.byteCount)), sign: 1)
        live[extent.volume, default: 0] += Int64(extent.byteCount)
    }

    func deleteTombstone(_ segment: Digest, owner: [UInt8]) throws {
        let extent = try RawStatement(
            database,
            "SELECT volume, offset, frame FROM tombstone WHERE segment = ? AND owner = ?",
            segment,
            owner
        ).first { Extent(volume: $0.integer(0), offset: $0.int(1), byteCount: $0.int(2)) }
        guard let extent else { return }
        try RawStatement(database, "DELETE FROM tombstone WHERE segment = ? AND owner = ?", segment, owner).run()
        accounting.tombstones.add(PieceAmount(count: 1, diskBytes: Int64(extent.byteCount)), sign: -1)
        try giveUp(extent)
    }

    // MARK: - Volumes

    /// The volume is committed up to `length`.
    func setLength(_ length: Int, ofVolume id: Int64, salt: [UInt8]) throws {
        try RawStatement(
            database,
            """
            INSERT INTO volume (id, length, live, salt) VALUES (?, ?, 0, ?)
            ON CONFLICT (id) DO UPDATE SET length = max(length, excluded.length)
            """,
            id,
            length,
            salt
        ).run()
    }

    private func giveUp(_ extent: Extent) throws {
        live[extent.volume, default: 0] -= Int64(extent.byteCount)
        try addDead(extent)
    }

    /// A range below a volume's committed end holds no frame.
    func addDead(_ extent: Extent) throws {
        try RawStatement(
            database,
            "INSERT INTO dead (volume, offset, length, buried) VALUES (?, ?, ?, 0)",
            extent.volume,
            extent.offset,
            extent.byteCount
        ).run()
        accounting.dead.add(PieceAmount(count: 1, diskBytes: Int64(extent.byteCount)), sign: 1)
    }

    /// A range holds a frame after all, or takes no space any more.
    func removeDead(_ extent: Extent) throws {
        try RawStatement(
            database,
            "DELETE FROM dead WHERE volume = ? AND offset = ? AND length = ?",
            extent.volume,
            extent.offset,
            extent.byteCount
        ).run()
        guard database.changesCount > 0 else { return }
        accounting.dead.add(PieceAmount(count: 1, diskBytes: Int64(extent.byteCount)), sign: -1)
    }

    /// Writes the accounts; the last thing that a transaction does.
    func finish() throws {
        for state in PieceAccounting.State.allCases {
            let amount = accounting[state]
            try RawStatement(
                database,
                "UPDATE account SET count = ?, payload = ?, disk = ? WHERE state = ?",
                amount.count,
                amount.payloadBytes,
                amount.diskBytes,
                state.rawValue
            ).run()
        }
        for (key, amount) in owners {
            try RawStatement(
                database,
                """
                INSERT INTO owner (key, count, payload, disk) VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE
                SET count = count + excluded.count, payload = payload + excluded.payload, disk = disk + excluded.disk
                """,
                key,
                amount.count,
                amount.payloadBytes,
                amount.diskBytes
            ).run()
            try RawStatement(database, "DELETE FROM owner WHERE key = ? AND count = 0", key).run()
        }
        for (id, bytes) in live {
            try RawStatement(database, "UPDATE volume SET live = live + ? WHERE id = ?", bytes, id).run()
        }
    }
}
