import Core
import GRDB
import SQLite

/// An owner's word that segments are kept for longer.
public struct StoredRenewal: Hashable, Sendable {
    /// The lease end that it says.
    public var until: Instant
    /// The signed renewal, opaque here, at most ``bytesMax`` bytes.
    public var bytes: [UInt8]

    public static let bytesMax = 10 << 10

    public init(until: Instant, bytes: [UInt8]) {
        self.until = until
        self.bytes = bytes
    }

    /// - Throws: ``PieceStoreError`` `.limit`.
    func check() throws(PieceStoreError) {
        guard bytes.count <= Self.bytesMax else {
            throw PieceStoreError(.limit, "a renewal has at most \(Self.bytesMax) bytes")
        }
    }
}

extension PieceStore {
    /// The renewal that keeps a segment longest; `nil` where none came since its record, or since the index was rebuilt.
    public func renewal(of segment: Digest) throws -> StoredRenewal? {
        try read { database in
            guard let row = try IndexTransaction.segment(segment, database) else { return nil }
            return try IndexTransaction.renewal(of: row.id, database)
        }
    }
}

extension IndexTransaction {
    static func renewal(of segment: Int64, _ database: Database) throws -> StoredRenewal? {
        try RawStatement(
            database,
            "SELECT until, bytes FROM renewal WHERE id = (SELECT renewal FROM renewed WHERE segment = ?)",
            segment
        ).first { StoredRenewal(until: $0.instant(0), bytes: $0.bytes(1)) }
    }

    /// Keeps a renewal of a segment in the place of one that ends earlier.
    ///
    /// It is stored once for all its segments: a renewal of 32 segments takes 50 bytes for each.
    func keep(_ renewal: StoredRenewal, for segment: Int64) throws {
        if let known = try Self.renewal(of: segment, database), known.until >= renewal.until { return }
        try forgetRenewal(of: segment)
        let digest = Digest(hashing: renewal.bytes)
        let known = try RawStatement(database, "SELECT id FROM renewal WHERE digest = ?", digest)
            .first { $0.integer(0) }
        let id: Int64
        if let known {
            id = known
        } else {
            try RawStatement(
                database,
                "INSERT INTO renewal (digest, until, bytes) VALUES (?, ?, ?)",
                digest,
                renewal.until,
                renewal.bytes
            ).run()
            id = database.lastInsertedRowID
            accounting.renewals.add(renewal.amount, sign: 1)
        }
        try RawStatement(database, "INSERT INTO renewed (segment, renewal) VALUES (?, ?)", segment, id).run()
    }

    /// Lets go of a segment's renewal, and of its bytes with the last segment.
    func forgetRenewal(of segment: Int64) throws {
        let id = try RawStatement(database, "SELECT renewal FROM renewed WHERE segment = ?", segment)
            .first { $0.integer(0) }
        guard let id else { return }
        try RawStatement(database, "DELETE FROM renewed WHERE segment = ?", segment).run()
        let isUsed = try RawStatement(database, "SELECT 1 FROM renewed WHERE renewal = ? LIMIT 1", id)
            .first { _ in true }
        guard isUsed == nil else { return }
        let bytes = try RawStatement(database, "SELECT length(bytes) FROM renewal WHERE id = ?", id)
            .first { $0.integer(0) }
        try RawStatement(database, "DELETE FROM renewal WHERE id = ?", id).run()
        accounting.renewals.add(PieceAmount(count: 1, payloadBytes: bytes ?? 0), sign: -1)
    }
}

extension StoredRenewal {
    fileprivate var amount: PieceAmount { PieceAmount(count: 1, payloadBytes: Int64(bytes.count)) }
}
