import Core
import Files
import GRDB
import SQLite

/// What an open does about the traces of a crash: volume files without a row were never committed and are removed, bytes
/// behind a committed end are cut off. Ranges before it that were reserved and not committed are dead in the index.
struct Recovery {
    struct Result {
        var nextID: Int64
        /// The volume that can be appended to.
        var last: VolumeSet.Last?
        var accounting: PieceAccounting
    }

    let configuration: PieceStoreConfiguration

    private var folder: String { configuration.folder + "/volumes" }
    private var fileSystem: any FileSystem { configuration.fileSystem }

    func run(_ index: DatabasePool) throws -> Result {
        let (volumes, accounting) = try index.unsafeRead { database in
            let volumes = try RawStatement(database, "SELECT id, length, salt FROM volume ORDER BY id").all { row in
                VolumeSet.Last(id: row.integer(0), length: row.int(1), salt: row.bytes(2))
            }
            return (volumes, try IndexTransaction.accounting(database))
        }
        let known = Dictionary(volumes.map { ($0.id, $0) }) { first, _ in first }
        var whole: Set<Int64> = []
        let names = try fileSystem.names(inFolder: folder)
        for name in names.sorted() {
            guard let id = VolumeSet.id(ofName: name) else { continue }
            guard let volume = known[id] else {
                try fileSystem.remove(folder + "/" + name)
                continue
            }
            if try cut(volume) { whole.insert(id) }
        }
        let last = volumes.last.flatMap { last in
            whole.contains(last.id) && last.length < configuration.volumeBytesMax ? last : nil
        }
        return Result(
            nextID: ((volumes.map(\.id) + names.compactMap(VolumeSet.id(ofName:))).max() ?? 0) + 1,
            last: last,
            accounting: accounting
        )
    }

    /// - Returns: Whether the committed bytes are all there.
    private func cut(_ volume: VolumeSet.Last) throws -> Bool {
        let descriptor = try fileSystem.open(folder + "/" + VolumeSet.name(of: volume.id), .write)
        defer { fileSystem.close(descriptor) }
        let size = try fileSystem.stamp(descriptor).size
        if size > volume.length { try fileSystem.truncate(descriptor, to: volume.length) }
        return size >= volume.length && volume.length % FrameHeader.alignment == 0
    }
}
