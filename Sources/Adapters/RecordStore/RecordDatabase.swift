import GRDB
import Glibc

/// Opens `records.sqlite`, and puts one that is damaged aside.
struct RecordDatabase {
    let path: String

    /// How many damaged databases are kept for a look at them; the last one of them is replaced after that.
    static let asideMax = 8

    init(folder: String) {
        path = folder + "/records.sqlite"
    }

    /// Opens or makes the database.
    ///
    /// - Returns: the database, and whether it replaces a damaged one that was put aside.
    /// - Throws: ``RecordStoreError`` `.io` or `.full`; `.corrupt` only when the fresh database fails as well.
    func open() throws(RecordStoreError) -> (queue: DatabaseQueue, recovered: Bool) {
        do throws(RecordStoreError) {
            return (try openOnce(), false)
        } catch {
            guard error.code == .corrupt else { throw error }
        }
        try putAside()
        return (try openOnce(), true)
    }

    private func openOnce() throws(RecordStoreError) -> DatabaseQueue {
        do {
            let queue = try DatabaseQueue(path: path, configuration: Self.configuration)
            do {
                try queue.writeWithoutTransaction { database in
                    try database.inTransaction(.immediate) {
                        try RecordSchema.prepare(database)
                        return .commit
                    }
                    try RecordSchema.check(database)
                    // Not left to the library, which would write to a database before it is checked.
                    try database.execute(sql: "PRAGMA journal_mode = WAL")
                }
            } catch {
                // Closed before its file is renamed.
                try? queue.close()
                throw error
            }
            return queue
        } catch {
            throw RecordStoreError(doing: "opening \(path)", error)
        }
    }

    /// Renames the database and its write-ahead log; the log first, so that it never meets a fresh database.
    private func putAside() throws(RecordStoreError) {
        let names = (1...Self.asideMax).map { "\(path).corrupt-\($0)" }
        let aside = names.first { access($0, F_OK) != 0 && access($0 + "-wal", F_OK) != 0 } ?? names[Self.asideMax - 1]
        if rename(path + "-wal", aside + "-wal") != 0, errno != ENOENT {
            throw .system("cannot put the damaged \(path)-wal aside")
        }
        if unlink(path + "-shm") != 0, errno != ENOENT { throw .system("cannot remove \(path)-shm") }
        guard rename(path, aside) == 0 else { throw .system("cannot put the damaged \(path) aside") }
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA synchronous = NORMAL")
            try database.execute(sql: "PRAGMA journal_size_limit = \(4 * 1_048_576)")
            let pageBytes = try Int.fetchOne(database, sql: "PRAGMA page_size") ?? 4_096
            try database.execute(sql: "PRAGMA max_page_count = \(RecordStore.databaseBytesMax / max(512, pageBytes))")
        }
        return configuration
    }
}
