import Core
import Files
import GRDB
import SQLite

/// What an import of a path saw of its files, so that the next one need not read what did not change.
///
/// A file counts as unchanged when device, inode, size and both times are the same and the times were at least
/// ``settleTime`` older than the import: a file that was written in the same tick of the clock as it was read may have
/// changed without a trace (git calls that racily clean).
struct ImportMemory: Sendable {
    struct File: Hashable, Sendable {
        /// Below the imported folder.
        let path: String
        let stamp: FileStamp
        let cid: CID
        let tsize: UInt64
    }

    static let settleTime: Duration = .seconds(2)
    /// Most paths that are remembered; the one imported longest ago goes.
    static let pathsMax = 64
    /// Longest encoded memory of one path, in bytes; larger folders are read anew each time.
    static let bytesMax = 128 << 20

    let path: String
    let time: Instant
    var files: [String: File]
    private var encoded: [UInt8]

    /// A memory to save.
    init(path: String, time: Instant, seen: [File]) {
        self.path = path
        self.time = time
        let latest = (time - Self.settleTime).milliseconds &* 1_000_000
        encoded = []
        files = [:]
        for file in seen where file.stamp.modified < latest && file.stamp.changed < latest {
            Self.append(file, to: &encoded)
        }
    }

    // MARK: - Storage

    /// What is remembered of `path`; `nil` when nothing is.
    static func load(_ path: String, _ database: Database) throws -> ImportMemory? {
        let statement = try RawStatement(database, "SELECT time, entries FROM import_memory WHERE path = ?")
        statement.bind(1, path)
        return try statement.first { row in
            var memory = ImportMemory(path: path, time: Instant(milliseconds: row.integer(0)), seen: [])
            memory.encoded = row.bytes(1)
            // Of our own making; what cannot be read is read from the files again.
            memory.files = (try? decode(memory.encoded)) ?? [:]
            return memory
        }
    }

    /// Writes the memory unless `old` is the same.
    func save(_ database: Database, replacing old: [UInt8]?) throws {
        guard encoded != old, encoded.count <= Self.bytesMax else { return }
        let insert = try RawStatement(
            database,
            "INSERT OR REPLACE INTO import_memory (path, time, entries) VALUES (?, ?, ?)"
        )
        insert.bind(1, path)
        insert.bind(2, time.milliseconds)
        insert.bind(3, encoded)
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

    /// The stored form.
    var bytes: [UInt8] { encoded }

    // MARK: - Encoding

    private static func append(_ file: File, to bytes: inout [UInt8]) {
        let cid = file.cid.bytes
        Varint.append(UInt64(file.path.utf8.count), to: &bytes)
        bytes += file.path.utf8
        bytes.append(UInt8(truncatingIfNeeded: cid.count))
        bytes += cid
        for value in [
            file.stamp.device, file.stamp.inode, UInt64(file.stamp.size), UInt64(bitPattern: file.stamp.modified),
            UInt64(bitPattern: file.stamp.changed), file.tsize,
        ] {
            withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
        }
    }

    private static func decode(_ bytes: [UInt8]) throws -> [String: File] {
        var files: [String: File] = [:]
        var rest = bytes[...]
        while !rest.isEmpty {
            let pathLength = Int(try Varint.read(from: &rest))
            let path = String(decoding: try take(pathLength, &rest), as: UTF8.self)
            let cidLength = Int(try take(1, &rest).first ?? 0)
            let cid = try CID(bytes: take(cidLength, &rest))
            var values: [UInt64] = []
            for _ in 0..<6 {
                let raw = try take(8, &rest)
                values.append(raw.reversed().reduce(0) { $0 << 8 | UInt64($1) })
            }
            let stamp = FileStamp(
                device: values[0],
                inode: values[1],
                size: Int(truncatingIfNeeded: values[2]),
                modified: Int64(bitPattern: values[3]),
                changed: Int64(bitPattern: values[4])
            )
            files[path] = File(path: path, stamp: stamp, cid: cid, tsize: values[5])
        }
        return files
    }

    private static func take(_ count: Int, _ rest: inout ArraySlice<UInt8>) throws(CoreError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= rest.count else { throw CoreError(.truncated, "the import memory is cut off") }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}
