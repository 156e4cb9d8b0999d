import Core
import GRDB
import GRDBSQLite

/// A prepared statement whose values are bound and read without boxing them.
///
/// Valid inside the database access that it was made in. Every use ends reset, so that no read transaction stays open.
struct RawStatement {
    private let statement: Statement

    init(_ database: Database, _ sql: String) throws {
        statement = try database.cachedStatement(sql: sql)
    }

    private var handle: OpaquePointer { statement.sqliteStatement }

    // MARK: - Binding, positions from 1

    func bind(_ position: CInt, _ value: Int64) {
        sqlite3_bind_int64(handle, position, value)
    }

    func bind(_ position: CInt, _ region: UnsafeRawBufferPointer) {
        // A null pointer would bind NULL.
        if region.isEmpty {
            sqlite3_bind_zeroblob(handle, position, 0)
        } else {
            sqlite3_bind_blob(handle, position, region.baseAddress, CInt(region.count), Self.copied)
        }
    }

    func bind(_ position: CInt, _ digest: Digest) {
        digest.withBytes { bind(position, $0) }
    }

    func bind(_ position: CInt, _ bytes: [UInt8]) {
        bytes.withUnsafeBytes { bind(position, $0) }
    }

    func bind(_ position: CInt, _ text: String) {
        sqlite3_bind_text(handle, position, text, -1, Self.copied)
    }

    /// Binds digest and codec at this and the next position.
    func bind(_ position: CInt, _ key: BlockKey) {
        bind(position, key.digest)
        bind(position + 1, Int64(bitPattern: key.codec))
    }

    private static var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

    // MARK: - Running

    /// Runs a statement that returns no rows.
    func run() throws {
        defer { sqlite3_reset(handle) }
        while try step() {}
    }

    /// The first row, read by `body`; `nil` when there is none.
    func first<Value>(_ body: (RawRow) throws -> Value) throws -> Value? {
        defer { sqlite3_reset(handle) }
        guard try step() else { return nil }
        return try body(RawRow(handle: handle))
    }

    func forEach(_ body: (RawRow) throws -> Void) throws {
        defer { sqlite3_reset(handle) }
        while try step() { try body(RawRow(handle: handle)) }
    }

    func all<Value>(_ body: (RawRow) throws -> Value) throws -> [Value] {
        var values: [Value] = []
        try forEach { values.append(try body($0)) }
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

    func text(_ column: CInt) -> String {
        sqlite3_column_text(handle, column).map { String(cString: $0) } ?? ""
    }

    /// The bytes in place.
    func region(_ column: CInt) -> UnsafeRawBufferPointer {
        let start = sqlite3_column_blob(handle, column)
        return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))
    }

    func bytes(_ column: CInt) -> [UInt8] { Array(region(column)) }

    /// Digest and codec in this and the next column.
    func key(_ column: CInt) throws -> BlockKey {
        BlockKey(digest: try Digest(region(column)), codec: UInt64(bitPattern: integer(column + 1)))
    }
}
