import GRDB

/// The tables of `records.sqlite`; the checks let the test at opening find rows that decayed.
enum RecordSchema {
    static let version = 1

    static let statements = [
        // `version` is offset by 2⁶³, so that its order as a signed number is the order of the unsigned ones.
        """
        CREATE TABLE record (
            kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 255), subject BLOB NOT NULL,
            version INTEGER NOT NULL, expires INTEGER NOT NULL, bytes BLOB NOT NULL,
            PRIMARY KEY (kind, subject)
        ) STRICT, WITHOUT ROWID
        """,
        // Names are UTF-8.
        "CREATE TABLE setting (name BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID",
        // Later ids were quarantined later.
        """
        CREATE TABLE quarantine (
            id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32)
        ) STRICT
        """,
    ]

    /// Makes the tables in an empty database.
    ///
    /// - Throws: ``RecordStoreError`` `.io` when a newer version wrote it, `.corrupt` when it is not a record store.
    static func prepare(_ database: Database) throws {
        let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        guard found <= version else {
            throw RecordStoreError(
                .io,
                "the record store has format \(found), this version reads up to \(version); use the newer version"
            )
        }
        do {
            if found == 0 {
                for statement in statements { try database.execute(sql: statement) }
                try database.execute(sql: "PRAGMA user_version = \(version)")
            }
            for table in ["record", "setting", "quarantine"] {
                try database.execute(sql: "SELECT 1 FROM \(table) LIMIT 0")
            }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_ERROR {
            throw RecordStoreError(.corrupt, "the database does not have the tables of a record store")
        }
    }

    /// - Throws: ``RecordStoreError`` `.corrupt` with the first fault found, `.io` when the disk did not give a page.
    static func check(_ database: Database) throws {
        let finding = try String.fetchOne(database, sql: "PRAGMA quick_check(1)") ?? "no answer"
        guard finding != "ok" else { return }
        // The check tells of a page that could not be read as of one that is wrong; nothing is known of what is on it.
        guard !isReadFailure(finding) else {
            throw RecordStoreError(.io, "the disk failed while the database was checked: \(finding); check the disk")
        }
        throw RecordStoreError(.corrupt, "the database failed its check: \(finding)")
    }

    /// Whether a finding of `quick_check` is a failed read: it ends in `error code=` and the extended result code.
    private static func isReadFailure(_ finding: String) -> Bool {
        guard let mark = finding.firstRange(of: "error code=") else { return false }
        let code = Int32(finding[mark.upperBound...].prefix { $0.isNumber }) ?? 0
        return ResultCode(rawValue: code).primaryResultCode == .SQLITE_IOERR
    }
}
