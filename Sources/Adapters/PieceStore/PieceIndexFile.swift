import Files
import GRDB
import Glibc

/// What an open found, see ``PieceStore/opening``.
public struct PieceStoreOpening: Hashable, Sendable {
    /// Whether the index was lost or damaged and was built anew from the volumes.
    public var rebuilt = false
    /// Pieces and tombstones that a rebuilt index has.
    public var pieces = 0
    public var tombstones = 0
    /// Volumes whose own header was lost, and with it all that was in them.
    public var unreadableVolumes = 0
}

/// The index on disk: opening it, telling whether it is sound, building it anew.
struct PieceIndexFile {
    /// Most look-ups at once; more wait.
    static let readersMax = 8
    /// Says the same as the version, so that a flipped bit does not pass for a newer format.
    private static let applicationBase = 0x4846_5000

    let configuration: PieceStoreConfiguration

    private var path: String { configuration.folder + "/index.sqlite" }
    private var marker: String { configuration.folder + "/index.damaged" }

    /// - Throws: ``PieceStoreError`` `.newerFormat`, `SystemCallError` or `DatabaseError`.
    func open() throws -> (index: DatabasePool, opening: PieceStoreOpening) {
        let names = try configuration.fileSystem.names(inFolder: configuration.folder + "/volumes")
        let hasVolumes = names.contains { VolumeSet.id(ofName: $0) != nil }
        let isMarked = access(marker, F_OK) == 0
        if !isMarked, access(path, F_OK) == 0 {
            do {
                let index = try pool()
                try upgrade(index)
                if try isSound(index) { return (index, PieceStoreOpening()) }
                try index.close()
            } catch let error as DatabaseError where Self.isDamage(error) {}
        }
        try removeFiles()
        let index = try pool()
        try index.writeWithoutTransaction { database in
            try database.inTransaction(.immediate) {
                try IndexSchema.create(database)
                return .commit
            }
        }
        var opening = PieceStoreOpening()
        if hasVolumes { opening = try Rebuild(configuration: configuration, index: index).run(names) }
        try index.writeWithoutTransaction { database in
            try database.inTransaction(.immediate) {
                try finish(database)
                return .commit
            }
        }
        if isMarked { _ = unlink(marker) }
        return (index, opening)
    }

    /// Lets the next open build the index anew.
    func mark() {
        let descriptor = Glibc.open(marker, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        _ = fsync(descriptor)
        _ = close(descriptor)
    }

    private func pool() throws -> DatabasePool {
        var settings = Configuration()
        settings.maximumReaderCount = Self.readersMax
        settings.persistentReadOnlyConnections = true
        settings.prepareDatabase { database in
            try database.execute(sql: "PRAGMA synchronous = FULL")
            try database.execute(sql: "PRAGMA cache_size = -1024")
            try database.execute(sql: "PRAGMA cell_size_check = ON")
            try database.execute(sql: "PRAGMA journal_size_limit = 16777216")
        }
        return try DatabasePool(path: path, configuration: settings)
    }

    private func finish(_ database: Database) throws {
        try IndexSchema.finish(database)
        try database.execute(sql: "PRAGMA application_id = \(Self.applicationBase + IndexSchema.version)")
    }

    private func upgrade(_ index: DatabasePool) throws {
        try index.writeWithoutTransaction { database in
            try database.inTransaction(.immediate) {
                let application = try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
                let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
                guard version == 1, application == Self.applicationBase + version else { return .rollback }
                try IndexSchema.upgrade(database)
                try finish(database)
                return .commit
            }
        }
    }

    /// Whether the index is complete and its accounts agree with its volumes; takes no time by the number of pieces.
    private func isSound(_ index: DatabasePool) throws -> Bool {
        try index.unsafeRead { database in
            let application = try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
            let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
            guard application == Self.applicationBase + version else { return false }
            guard try IndexSchema.isComplete(database) else { return false }
            let accounting = try IndexTransaction.accounting(database)
            let live = try Int64.fetchOne(database, sql: "SELECT coalesce(sum(live), 0) FROM volume")
            let dead = try Int64.fetchOne(database, sql: "SELECT coalesce(sum(length), 0) FROM dead")
            let counted = PieceAccounting.State.allCases.reduce(Int64(0)) { $0 &+ accounting[$1].diskBytes }
            return dead == accounting.dead.diskBytes && live == counted &- accounting.dead.diskBytes
        }
    }

    private static func isDamage(_ error: DatabaseError) -> Bool {
        switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR, .SQLITE_READONLY, .SQLITE_FORMAT, .SQLITE_MISMATCH: true
        default: false
        }
    }

    private func removeFiles() throws {
        for suffix in ["", "-wal", "-shm"] {
            guard unlink(path + suffix) == 0 || errno == ENOENT else { throw SystemCallError.last("unlink", path) }
        }
    }
}
