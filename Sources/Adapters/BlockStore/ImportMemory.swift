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
/// (``ImportMemoryCursor``). Stored is ``formatMark`` ‖ length and bytes of the root's CID ‖ an entry for each file.
struct ImportMemory: Sendable {
    static let settleTime: Duration = .seconds(2)
    /// Most paths that are remembered; the one imported longest ago goes.
    static let pathsMax = 64
    /// Longest encoded memory of one path, in bytes; larger folders are read anew each time.
    static let bytesMax = 128 << 20
    /// What begins otherwise was written by an earlier version, and is not used.
    private static let formatMark: [UInt8] = Array("memory/2".utf8)

    let path: String
    let time: Instant
    /// What the import came to.
    let root: CID
    /// As it is stored.
    let bytes: [UInt8]
    /// Where in ``bytes`` the entries are.
    let entries: Range<Int>
    /// Which entries, in order, may be used; `nil` for all.
    var usable: [Bool]?

    /// A memory to save.
    init(path: String, time: Instant, root: CID, entries: [UInt8]) {
        self.path = path
        self.time = time
        self.root = root
        let cid = root.bytes
        let head = Self.formatMark + [UInt8(truncatingIfNeeded: cid.count)] + cid
        bytes = head + entries
        self.entries = head.count..<bytes.count
    }

    /// A memory as it is stored; `nil` when it cannot be read: the files are read instead.
    private init?(path: String, time: Instant, bytes: [UInt8]) {
        let mark = Self.formatMark.count
        guard bytes.count > mark, bytes.starts(with: Self.formatMark) else { return nil }
        let start = mark + 1 + Int(bytes[mark])
        guard start <= bytes.count, let root = try? CID(bytes: bytes[(mark + 1)..<start]) else { return nil }
        self.path = path
        self.time = time
        self.root = root
        self.bytes = bytes
        entries = start..<bytes.count
    }

    // MARK: - Storage

    /// What is remembered of `path`; `nil` when nothing is.
    static func load(_ path: String, _ database: Database) throws -> ImportMemory? {
        let statement = try RawStatement(database, "SELECT time, entries FROM import_memory WHERE path = ?")
        statement.bind(1, path)
        return try statement.first { row in
            ImportMemory(path: path, time: Instant(milliseconds: row.integer(0)), bytes: row.bytes(1))
        } ?? nil
    }

    /// Writes the memory unless `old` is the same.
    func save(_ database: Database, replacing old: [UInt8]?) throws {
        guard bytes != old, bytes.count <= Self.bytesMax else { return }
        let insert = try RawStatement(
            database,
            "INSERT OR REPLACE INTO import_memory (path, time, entries) VALUES (?, ?, ?)"
        )
        insert.bind(1, path)
        insert.bind(2, time.milliseconds)
        insert.bind(3, bytes)
        try insert.run()
        let trim = try RawStatement(
            database,
            """
            DELETE FROM import_memory
            WHERE path IN (SELECT path FROM import_memory ORDER BY time DESC LIMIT -1 OFFSET ?)
            """
        )
        trim.bind(1, Int64(Self.pathsMax))
        try trim.run()
    }
}
