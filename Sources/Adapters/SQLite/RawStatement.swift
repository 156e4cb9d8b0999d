import Core
import GRDB
import GRDBSQLite

/// A prepared statement whose values are bound and read without boxing them.
///
/// Valid inside the database access that it was made in. Every use ends reset, so that no read transaction stays open.
package struct RawStatement {
    private let statement: Statement

    /// - Parameter values: for the statement's first parameters, in order.
    package init(_ database: Database, _ sql: String, _ values: any RawValue...) throws {
        statement = try database.cachedStatement(sql: sql)
        for (index, value) in values.enumerated() { value.bind(to: self, CInt(index + 1)) }
    }

    private var handle: OpaquePointer { statement.sqliteStatement }

    // MARK: - Binding, positions from 1

    package func bind(_ position: CInt, _ value: Int64) {
        sqlite3_bind_int64(handle, position, value)
    }

    package func bind(_ position: CInt, _ region: UnsafeRawBufferPointer) {
        // A null pointer would bind NULL.
        if region.isEmpty {
            sqlite3_bind_zeroblob(handle, position, 0)
        } else {
            sqlite3_bind_blob(handle, position, region.baseAddress, CInt(region.count), Self.copied)
        }
    }

    package func bind(_ position: CInt, _ digest: Digest) {
        digest.withBytes { bind(position, $0) }
    }

    package func bind(_ position: CInt, _ bytes: [UInt8]) {
        bytes.withUnsafeBytes { bind(position, $0) }
    }

    package func bind(_ position: CInt, _ text: String) {
        sqlite3_bind_text(handle, position, text, -1, Self.copied)
    }

    private static var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

    // MARK: - Running

    /// Runs a statement that returns no rows.
    package func run() throws {
        defer { sqlite3_reset(handle) }
        while try step() {}
    }

    /// The first row, read by `body`; `nil` when there is none.
    package func first<Value>(_ body: (RawRow) throws -> Value) throws -> Value? {
        defer { sqlite3_reset(handle) }
        guard try step() else { return nil }
        return try body(RawRow(handle: handle))
    }

    package func forEach(_ body: (RawRow) throws -> Void) throws {
        defer { sqlite3_reset(handle) }
        while try step() { try body(RawRow(handle: handle)) }
    }

    package func all<Value>(_ body: (RawRow) throws -> Value) throws -> [Value] {
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
package struct RawRow {
    fileprivate let handle: OpaquePointer

    package func integer(_ column: CInt) -> Int64 { sqlite3_column_int64(handle, column) }

    package func text(_ column: CInt) -> String {
        sqlite3_column_text(handle, column).map { String(cString: $0) } ?? ""
    }

    /// The bytes in place.
    package func region(_ column: CInt) -> UnsafeRawBufferPointer {
        let start = sqlite3_column_blob(handle, column)
        return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))
    }

    package func bytes(_ column: CInt) -> [UInt8] { Array(region(column)) }

    package func int(_ column: CInt) -> Int { Int(integer(column)) }

    package func instant(_ column: CInt) -> Instant { Instant(milliseconds: integer(column)) }

    /// - Throws: `SQLITE_CORRUPT` unless the column has 32 bytes.
    package func digest(_ column: CInt) throws -> Digest {
        do { return try Digest(region(column)) } catch {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a digest has a wrong length")
        }
    }
}

/// A value that SQLite can hold.
package protocol RawValue {
    func bind(to statement: RawStatement, _ position: CInt)
}

extension Int64: RawValue {
    package func bind(to statement: RawStatement, _ position: CInt) { statement.bind(position, self) }
}

extension Int: RawValue {
    package func bind(to statement: RawStatement, _ position: CInt) { statement.bind(position, Int64(self)) }
}

extension Instant: RawValue {
    package func bind(to statement: RawStatement, _ position: CInt) { statement.bind(position, milliseconds) }
}

extension [UInt8]: RawValue {
    package func bind(to statement: RawStatement, _ position: CInt) { statement.bind(position, self) }
}

extension Digest: RawValue {
    package func bind(to statement: RawStatement, _ position: CInt) { statement.bind(position, self) }
}
