import GRDB
import SQLite

/// Small values of this node by name.
extension RecordStore {
    /// The value of a setting; `nil` when it was never set.
    public func setting(_ name: String) throws(RecordStoreError) -> [UInt8]? {
        try Self.run("reading the setting \(name.prefix(Self.settingNameBytesMax))") {
            try database.read { database in
                let statement = try RawStatement(database, "SELECT value FROM setting WHERE name = ?1")
                statement.bind(1, Array(name.utf8))
                return try statement.all { $0.bytes(0) }.first
            }
        }
    }

    /// The settings whose names begin with `prefix`, in the order of their names' bytes.
    public func settings(prefix: String) throws(RecordStoreError) -> [(name: String, value: [UInt8])] {
        let lower = Array(prefix.utf8)
        // The least byte string above all that begin with the prefix; UTF-8 has no byte 255.
        let upper = lower.last.map { lower.dropLast() + [$0 + 1] } ?? [255]
        return try Self.run("reading settings") {
            try database.read { database in
                let statement = try RawStatement(
                    database,
                    "SELECT name, value FROM setting WHERE name >= ?1 AND name < ?2 ORDER BY name"
                )
                statement.bind(1, lower)
                statement.bind(2, upper)
                return try statement.all { (name: String(decoding: $0.bytes(0), as: UTF8.self), value: $0.bytes(1)) }
            }
        }
    }

    /// Sets or, with `nil`, removes a setting; it is on stable storage when this returns.
    ///
    /// - Throws: ``RecordStoreError`` `.full` for a name above ``settingNameBytesMax``, a value above
    ///   ``settingValueBytesMax`` or a full disk, else `.io` or `.corrupt`; then the setting is as it was.
    public func set(_ name: String, to value: [UInt8]?) throws(RecordStoreError) {
        try set([(name, value)])
    }

    /// Sets or removes settings in one transaction; they are on stable storage when this returns.
    ///
    /// - Throws: As ``set(_:to:)``; then all settings are as they were.
    public func set(_ settings: [(name: String, value: [UInt8]?)]) throws(RecordStoreError) {
        for (name, value) in settings {
            guard name.utf8.count <= Self.settingNameBytesMax else {
                throw RecordStoreError(
                    .full,
                    "the name of a setting has \(name.utf8.count) bytes; shorten it to \(Self.settingNameBytesMax)"
                )
            }
            if let value, value.count > Self.settingValueBytesMax {
                throw RecordStoreError(
                    .full,
                    "the setting \(name) has \(value.count) bytes, at most \(Self.settingValueBytesMax) can be stored"
                )
            }
        }
        guard let first = settings.first?.name else { return }
        try Self.run("storing the setting \(first)") {
            try database.writeWithoutTransaction { database in
                try database.durably {
                    for (name, value) in settings { try database.store(name, value) }
                }
            }
        }
    }
}

extension Database {
    fileprivate func store(_ name: String, _ value: [UInt8]?) throws {
        if let value {
            let statement = try RawStatement(self, "INSERT OR REPLACE INTO setting (name, value) VALUES (?1, ?2)")
            statement.bind(1, Array(name.utf8))
            statement.bind(2, value)
            try statement.run()
        } else {
            let statement = try RawStatement(self, "DELETE FROM setting WHERE name = ?1")
            statement.bind(1, Array(name.utf8))
            try statement.run()
        }
    }

    /// Runs `body` as a transaction that is on stable storage when this returns.
    func durably(_ body: () throws -> Void) throws {
        try execute(sql: "PRAGMA synchronous = FULL")
        defer { try? execute(sql: "PRAGMA synchronous = NORMAL") }
        try inTransaction(.immediate) {
            try body()
            return .commit
        }
    }
}
