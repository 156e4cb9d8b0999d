import Core
import Files
import GRDB
import SQLite

/// What an import of a path saw of its files, so that the next one need not read what did not change.
///
/// A file counts as unchanged when device, inode, size and both times are the same and the times were at least
/// ``settleTime`` older than the import: a file that was written in the same tick of the clock as it was read may have
/// changed without a trace (git calls that racily clean).
///
/// Files stand in the order in which a walk meets them, so that the next walk goes through both side by side
/// (``ImportMemoryCursor``). The entries are cut into parts, each a row of its own, so that an import after which most
/// files are as before writes only the parts that differ. The row of the path is ``formatMark`` ‖ length and bytes of the
/// root's CID ‖ the numbers of its parts in order (8 bytes each, little-endian).
struct ImportMemory: Sendable {
    static let settleTime: Duration = .seconds(2)
    /// Most paths that are remembered; the one imported longest ago goes.
    static let pathsMax = 64
    /// Longest encoded memory of one path, in bytes; larger folders are read anew each time.
    static let bytesMax = 128 << 20

    let path: String
    let time: Instant
    /// What the import came to.
    let root: CID
    /// The entries of all files.
    let bytes: [UInt8]
    /// The parts of ``bytes``, in order, with their rows where they have one.
    private let parts: [Part]
    /// Which entries, in order, may be used; `nil` for all.
    var usable: [Bool]?

    private struct Part {
        let row: Int64?
        let range: Range<Int>
    }

    /// A memory to save.
    ///
    /// - Parameter cuts: Where in `entries` parts begin, but for the first, growing.
    init(path: String, time: Instant, root: CID, entries: [UInt8], cuts: [Int]) {
        self.path = path
        self.time = time
        self.root = root
        bytes = entries
        parts = zip([0] + cuts, cuts + [entries.count]).map { Part(row: nil, range: $0..<$1) }
    }

    private init(path: String, time: Instant, head: Head, _ database: Database) throws {
        self.path = path
        self.time = time
        root = head.root
        var bytes: [UInt8] = []
        var parts: [Part] = []
        let select = try RawStatement(database, "SELECT entries FROM import_part WHERE id = ? AND path = ?")
        for row in head.rows {
            select.bind(1, row)
            select.bind(2, path)
            let start = bytes.count
            bytes += try select.first { $0.bytes(0) } ?? []
            parts.append(Part(row: row, range: start..<bytes.count))
        }
        self.bytes = bytes
        self.parts = parts
    }

    /// The row of a path.
    private struct Head {
        let root: CID
        let rows: [Int64]

        var encoded: [UInt8] {
            let cid = root.bytes
            var bytes = formatMark + [UInt8(truncatingIfNeeded: cid.count)] + cid
            for row in rows { withUnsafeBytes(of: row.littleEndian) { bytes += $0 } }
            return bytes
        }

        init(root: CID, rows: [Int64]) {
            self.root = root
            self.rows = rows
        }

        /// `nil` when it cannot be read: the files are read instead.
        init?(_ bytes: [UInt8]) {
            let mark = formatMark.count
            guard bytes.count > mark, bytes.starts(with: formatMark) else { return nil }
            let start = mark + 1 + Int(bytes[mark])
            guard start <= bytes.count, (bytes.count - start) % 8 == 0,
                let root = try? CID(bytes: bytes[(mark + 1)..<start])
            else { return nil }
            self.root = root
            rows = bytes.withUnsafeBytes { bytes in
                stride(from: start, to: bytes.count, by: 8).map {
                    Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: Int64.self))
                }
            }
        }
    }

    /// What begins otherwise was written by an earlier version, and is not used.
    private static let formatMark: [UInt8] = Array("memory/3".utf8)

    // MARK: - Storage

    /// What is remembered of `path`; `nil` when nothing is.
    static func load(_ path: String, _ database: Database) throws -> ImportMemory? {
        let statement = try RawStatement(database, "SELECT time, entries FROM import_memory WHERE path = ?")
        statement.bind(1, path)
        guard let (time, bytes) = try statement.first({ ($0.integer(0), $0.bytes(1)) }), let head = Head(bytes)
        else { return nil }
        return try ImportMemory(path: path, time: Instant(milliseconds: time), head: head, database)
    }

    /// Writes the memory, of its parts those that `old` does not have.
    ///
    /// - Parameter old: What ``load(_:_:)`` gave for this path.
    func save(_ database: Database, replacing old: ImportMemory?) throws {
        guard bytes.count <= Self.bytesMax, root != old?.root || bytes != old?.bytes else { return }
        var kept: Set<Int64> = []
        let insert = try RawStatement(database, "INSERT INTO import_part (path, entries) VALUES (?, ?)")
        let rows = try match(old).map { part in
            if let row = part.row {
                kept.insert(row)
                return row
            }
            insert.bind(1, path)
            insert.bind(2, Array(bytes[part.range]))
            try insert.run()
            return database.lastInsertedRowID
        }
        let head = try RawStatement(
            database,
            "INSERT OR REPLACE INTO import_memory (path, time, entries) VALUES (?, ?, ?)"
        )
        head.bind(1, path)
        head.bind(2, time.milliseconds)
        head.bind(3, Head(root: root, rows: rows).encoded)
        try head.run()
        try removeParts(except: kept.union(rows), database)
        try Self.trim(database)
    }

    /// The parts, with the rows of those that `old` has too; both lists are in the order of the walk. Bytes are compared only
    /// where lengths are equal.
    private func match(_ old: ImportMemory?) -> [Part] {
        guard let old else { return parts }
        var rest = old.parts[...]
        return parts.map { part in
            let found = rest.firstIndex { candidate in
                candidate.range.count == part.range.count && old.bytes[candidate.range] == bytes[part.range]
            }
            guard let found else { return part }
            rest = rest[(found + 1)...]
            return Part(row: old.parts[found].row, range: part.range)
        }
    }

    private func removeParts(except rows: Set<Int64>, _ database: Database) throws {
        let select = try RawStatement(database, "SELECT id FROM import_part WHERE path = ?")
        select.bind(1, path)
        let delete = try RawStatement(database, "DELETE FROM import_part WHERE id = ?")
        for row in try select.all({ $0.integer(0) }) where !rows.contains(row) {
            delete.bind(1, row)
            try delete.run()
        }
    }

    private static func trim(_ database: Database) throws {
        let trim = try RawStatement(
            database,
            """
            DELETE FROM import_memory
            WHERE path IN (SELECT path FROM import_memory ORDER BY time DESC LIMIT -1 OFFSET ?)
            """
        )
        trim.bind(1, Int64(pathsMax))
        try trim.run()
        guard database.changesCount > 0 else { return }
        try RawStatement(
            database,
            "DELETE FROM import_part WHERE path NOT IN (SELECT path FROM import_memory)"
        ).run()
    }
}
