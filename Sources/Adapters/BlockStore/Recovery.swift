import Core
import Files
import GRDB
import SQLite

/// What an open does about the traces of a crash.
///
/// Volume files without a row were never committed and are removed, bytes behind a committed end are cut off. After a
/// start of the machine, cached blocks that were not on stable storage are forgotten; all other blocks were.
struct Recovery {
    struct Result {
        var nextID: Int64
        /// Volumes that can be appended to, with their committed length.
        var unsealed: [Int64: Int]
        var accounting: Accounting
    }

    private struct Volume {
        let id: Int64
        let length: Int
        let synced: Int
        let sealed: Bool
    }

    let folder: String
    let fileSystem: any FileSystem

    func run(_ index: DatabasePool) throws -> Result {
        let boot = fileSystem.bootIdentity()
        let (volumes, lastBoot) = try index.unsafeRead { database in
            let boot = try String.fetchOne(database, sql: "SELECT identity FROM boot WHERE id = 1")
            let volumes = try RawStatement(database, "SELECT id, length, synced, sealed FROM volume").all { row in
                Volume(
                    id: row.integer(0),
                    length: Int(row.integer(1)),
                    synced: Int(row.integer(2)),
                    sealed: row.integer(3) != 0
                )
            }
            return (volumes, boot)
        }
        let known = Dictionary(uniqueKeysWithValues: volumes.map { ($0.id, $0) })
        let names = try fileSystem.names(inFolder: folder)
        var whole: Set<Int64> = []
        for name in names.sorted() {
            guard let id = VolumePool.id(ofName: name) else { continue }
            guard let volume = known[id] else {
                try fileSystem.remove(folder + "/" + name)
                continue
            }
            if try cut(volume) { whole.insert(id) }
        }
        let survived = boot == lastBoot && !boot.isEmpty
        let doubtful = survived ? [] : volumes.filter { $0.synced < $0.length }
        if !survived { try forgetUnsynced(index, doubtful, boot: boot) }
        // A volume whose end is in doubt is not built upon.
        let unsealed = volumes.filter { volume in
            !volume.sealed && whole.contains(volume.id) && !doubtful.contains { $0.id == volume.id }
        }
        return Result(
            nextID: ((volumes.map(\.id) + names.compactMap(VolumePool.id(ofName:))).max() ?? 0) + 1,
            unsealed: Dictionary(uniqueKeysWithValues: unsealed.map { ($0.id, $0.length) }),
            accounting: try index.unsafeRead { try IndexTransaction.accounting($0) }
        )
    }

    /// - Returns: Whether the committed bytes are all there.
    private func cut(_ volume: Volume) throws -> Bool {
        let path = folder + "/" + VolumePool.name(of: volume.id)
        let descriptor = try fileSystem.open(path, .write)
        defer { fileSystem.close(descriptor) }
        let size = try fileSystem.stamp(descriptor).size
        if size > volume.length { try fileSystem.truncate(descriptor, to: volume.length) }
        return size >= volume.length
    }

    private func forgetUnsynced(_ index: DatabasePool, _ doubtful: [Volume], boot: String) throws {
        let ends = Dictionary(uniqueKeysWithValues: doubtful.map { ($0.id, Int64($0.synced)) })
        try index.writeWithoutTransaction { database in
            try database.inTransaction(.immediate) {
                let transaction = try IndexTransaction(database)
                if !ends.isEmpty {
                    let cached = try RawStatement(
                        database,
                        """
                        SELECT digest, codec, volume, offset, length, refs, used FROM block
                        WHERE refs = 0 AND used <> 0 AND used > 0
                        """
                    ).all { (try $0.key(0), BlockRow($0, from: 2)) }
                    for (key, row) in cached {
                        guard let end = ends[row.volume], row.offset + Int64(row.length) > end else { continue }
                        try transaction.delete(key, row)
                    }
                }
                try transaction.finish()
                try database.execute(
                    sql: "INSERT OR REPLACE INTO boot (id, identity) VALUES (1, ?)",
                    arguments: [boot]
                )
                for id in ends.keys.sorted() {
                    try database.execute(
                        sql: "UPDATE volume SET sealed = 1, synced = length WHERE id = ?",
                        arguments: [id]
                    )
                }
                return .commit
            }
        }
    }
}
