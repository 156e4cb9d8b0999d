import Core
import Files
import GRDB
import SQLite

/// Builds the index anew from the frames in the volumes.
///
/// A piece's payload is not read; reading and scrubbing find what is damaged.
struct Rebuild {
    let configuration: PieceStoreConfiguration
    let index: DatabasePool

    private var fileSystem: any FileSystem { configuration.fileSystem }

    /// - Parameter names: of the files in the folder of volumes.
    func run(_ names: [String]) throws -> PieceStoreOpening {
        var opening = PieceStoreOpening()
        opening.rebuilt = true
        var tombstones: [(tombstone: StoredTombstone, extent: Extent)] = []
        for id in names.compactMap(VolumeSet.id(ofName:)).sorted() {
            let path = configuration.folder + "/volumes/" + VolumeSet.name(of: id)
            let volume = OpenVolume(
                id: id,
                descriptor: try fileSystem.open(path, .write),
                fileSystem: fileSystem
            )
            guard let header = try FrameScan.header(of: volume, fileSystem) else {
                opening.unreadableVolumes += 1
                continue
            }
            let size = try fileSystem.stamp(volume.descriptor).size
            var scan = FrameScan(volume: volume, salt: header.salt, fileSystem: fileSystem)
            try write { transaction in
                let found = try Self.add(&scan, size: size, transaction)
                opening.pieces += found.pieces
                tombstones += found.tombstones
            }
        }
        try write { transaction in
            for item in tombstones {
                let known = try RawStatement(
                    transaction.database,
                    "SELECT until FROM tombstone WHERE segment = ? AND owner = ?",
                    item.tombstone.segment,
                    item.tombstone.owner
                ).first { $0.instant(0) }
                if let known, known > item.tombstone.until {
                    try transaction.addDead(item.extent)
                } else {
                    try transaction.entomb(item.tombstone, extent: item.extent)
                }
            }
            opening.tombstones = Int(transaction.accounting.tombstones.count)
            opening.pieces = Int(transaction.accounting.sound.count + transaction.accounting.entombed.count)
        }
        return opening
    }

    private static func add(
        _ scan: inout FrameScan,
        size: Int,
        _ transaction: IndexTransaction
    ) throws -> (pieces: Int, tombstones: [(StoredTombstone, Extent)]) {
        var pieces = 0
        var tombstones: [(StoredTombstone, Extent)] = []
        var end = VolumeHeader.byteCount
        let (id, salt) = (scan.volume.id, scan.salt)
        try scan.forEach(in: end..<size) { frame in
            if frame.extent.offset > end {
                let gap = Extent(volume: id, offset: end, byteCount: frame.extent.offset - end)
                try transaction.addDead(gap)
            }
            try transaction.setLength(frame.extent.end, ofVolume: id, salt: salt)
            end = frame.extent.end
            if let tombstone = frame.tombstone {
                tombstones.append((tombstone, frame.extent))
            } else if let piece = frame.piece, try isFree(piece, transaction) {
                try transaction.insert(
                    piece,
                    hashes: frame.header.unitHashes.flatMap(\.bytes),
                    header: frame.header.byteCount,
                    extent: frame.extent,
                    slot: frame.header.lease?.slot ?? 0
                )
                pieces += 1
            } else {
                try transaction.addDead(frame.extent)
            }
        }
        return (pieces, tombstones)
    }

    private static func isFree(_ piece: PieceDescription, _ transaction: IndexTransaction) throws -> Bool {
        let segment = try IndexTransaction.segment(piece.segment, transaction.database)
        return segment.map { $0.owner == piece.owner } ?? true
    }

    private func write(_ body: (IndexTransaction) throws -> Void) throws {
        try index.writeWithoutTransaction { database in
            try database.inTransaction(.immediate) {
                let transaction = try IndexTransaction(database)
                try body(transaction)
                try transaction.finish()
                return .commit
            }
        }
    }
}
