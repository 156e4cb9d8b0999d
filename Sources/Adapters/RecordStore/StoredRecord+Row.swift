import Core
import SQLite

/// Between a record and its row.
extension StoredRecord {
    static let insertion = """
        INSERT INTO record (kind, subject, version, expires, bytes) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (kind, subject) DO UPDATE
        SET version = excluded.version, expires = excluded.expires, bytes = excluded.bytes
        WHERE record.version <= excluded.version
        """

    private static let versionOffset = UInt64(1) << 63

    /// The version as a signed number with the same order.
    var orderedVersion: Int64 { Int64(bitPattern: version ^ Self.versionOffset) }

    init(row: RawRow) throws {
        guard let kind = UInt8(exactly: row.integer(0)) else {
            throw RecordStoreError(
                .corrupt,
                "a stored record has kind \(row.integer(0)), at most 255; restart the node"
            )
        }
        self.init(
            key: RecordKey(kind: RecordKind(code: kind), subject: row.bytes(1)),
            version: UInt64(bitPattern: row.integer(2)) ^ Self.versionOffset,
            expires: Instant(milliseconds: row.integer(3)),
            bytes: row.bytes(4)
        )
    }

    func checkLimits() throws(RecordStoreError) {
        guard bytes.count <= RecordStore.recordBytesMax else {
            throw RecordStoreError(
                .full,
                "a record has \(bytes.count) bytes, at most \(RecordStore.recordBytesMax) can be stored"
            )
        }
        guard key.subject.count <= RecordKey.subjectBytesMax else {
            throw RecordStoreError(
                .full,
                "the subject of a record has \(key.subject.count) bytes, at most \(RecordKey.subjectBytesMax) fit"
            )
        }
    }
}

extension RawStatement {
    /// Binds kind and subject at 1 and 2.
    func bind(_ key: RecordKey) {
        bind(1, Int64(key.kind.code))
        bind(2, key.subject)
    }

    /// Binds all of ``StoredRecord/insertion``.
    func bind(_ record: StoredRecord) {
        bind(record.key)
        bind(3, record.orderedVersion)
        bind(4, record.expires.milliseconds)
        bind(5, record.bytes)
    }
}
