import GRDB
import GRDBSQLite

/// A prepared statement whose byte strings are bound and read without passing through Foundation.
///
/// Valid inside the database access that it was made in. Every use ends reset, so that no read transaction stays open.
struct RawStatement {
    private let statement: Statement

    init(_ database: Database, _ sql: String) throws {
        statement = try database.cachedStatement(sql: sql)
    }

    private var handle: OpaquePointer { statement.sqliteStatement }

    /// Binds at `position`, counted from 1.
    func bind(_ position: CInt, _ value: Int64) {
        sqlite3_bind_int64(handle, position, value)
    }

    func bind(_ position: CInt, _ bytes: [UInt8]) {
        bytes.withUnsafeBytes { region in
            // A null pointer would bind NULL.
            _ =
                region.isEmpty
                ? sqlite3_bind_zeroblob(handle, position, 0)
                : sqlite3_bind_blob(handle, position, region.baseAddress, CInt(region.count), Self.copied)
        }
    }

    private static var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

    /// Runs a statement that returns no rows.
    func run() throws {
        defer { sqlite3_reset(handle) }
        while try step() {}
    }

    /// Every row, read by `body`.
    func all<Value>(_ body: (RawRow) throws -> Value) throws -> [Value] {
        defer { sqlite3_reset(handle) }
        var values: [Value] = []
        while try step() { values.append(try body(RawRow(handle: handle))) }
        return values
    }

    private func step() throws -> Bool {
        let code = sqlite3_step(handle)
        switch code {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default:
            let message = sqlite3_db_handle(handle).map { String(cString: sqlite3_errmsg($0)) }
            throw DatabaseError(resultCode: ResultCode(rawValue: code), message: message)
        }
    }
}

/// A row of a running statement; valid until the next step. Columns count from 0.
struct RawRow {
    fileprivate let handle: OpaquePointer

    func integer(_ column: CInt) -> Int64 { sqlite3_column_int64(handle, column) }

    func bytes(_ column: CInt) -> [UInt8] {
        let start = sqlite3_column_blob(handle, column)
        return Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column))))
    }
}
