import Core
import Files
import GRDB
import SQLite

/// What a full count of the index and the volumes found; a sound store has only the first two numbers.
public struct Recount: Hashable, Sendable {
    public var pieces = 0
    public var tombstones = 0
    /// The database itself is not sound, its indexes do not fit its tables for one.
    public var databaseOff = 0
    /// The accounts differ from the sum of the rows.
    public var accountsOff = 0
    /// Owners whose accounts differ from the sum of their pieces.
    public var ownersOff = 0
    /// Segments without a piece; pieces, statements and renewals without a segment.
    public var segmentsOff = 0
    /// Volumes whose live bytes or ranges do not add up, or whose file is missing or has another length.
    public var volumesOff = 0
    /// Frames whose header is not what the index has.
    public var framesOff = 0
    /// Frames in volumes that the index does not know.
    public var residue = 0
    /// Where something was off, at most ``placesMax``.
    public var places: [String] = []

    public static let placesMax = 32

    public var isSound: Bool {
        databaseOff + accountsOff + ownersOff + segmentsOff + volumesOff + framesOff + residue == 0
    }

    fileprivate mutating func note(_ number: WritableKeyPath<Recount, Int>, _ place: @autoclosure () -> String) {
        self[keyPath: number] += 1
        if places.count < Self.placesMax { places.append(place()) }
    }
}

extension PieceStore {
    /// Counts all over again in the index and in the volumes, and compares.
    ///
    /// Reads the whole index and all headers, and takes memory by the number of pieces; nothing is freed meanwhile. Ask
    /// while nobody writes: frames that are being committed count as ``Recount/residue``.
    ///
    /// - Throws: ``PieceStoreError`` `.damagedIndex` or `.ioFailed`.
    public func recount() throws -> Recount {
        try upkeep.withLock { _ in
            var recount = Recount()
            let volumeRows = try read { database in
                try RawStatement(database, "SELECT id, length, live, salt FROM volume ORDER BY id").all { row in
                    (id: row.integer(0), length: row.int(1), live: row.integer(2), salt: row.bytes(3))
                }
            }
            try read { database in
                let verdict = try String.fetchOne(database, sql: "PRAGMA integrity_check(1)") ?? ""
                if verdict != "ok" { recount.note(\.databaseOff, verdict) }
            }
            let frames = try read { try expectedFrames($0, &recount) }
            try read { try compareOwners($0, &recount) }
            try read { try compareSegments($0, &recount) }
            var rest = frames
            for row in volumeRows {
                let expected = rest.removeValue(forKey: row.id) ?? []
                let live = expected.filter { $0.content != nil }.reduce(Int64(0)) { $0 + Int64($1.extent.byteCount) }
                if live != row.live { recount.note(\.volumesOff, "\(VolumeSet.name(of: row.id)): \(live) live bytes") }
                let header = VolumeHeader(volume: row.id, salt: row.salt)
                try Self.mapErrors { try compareFile(header, length: row.length, expected, &recount) }
            }
            for id in rest.keys.sorted() {
                recount.note(\.volumesOff, "\(VolumeSet.name(of: id)) has no row")
            }
            let names = try Self.mapErrors { try fileSystem.names(inFolder: volumes.folder) }
            let known = Set(volumeRows.map(\.id))
            for id in names.compactMap(VolumeSet.id(ofName:)) where !known.contains(id) && !volumes.isPending(id) {
                recount.note(\.volumesOff, "\(VolumeSet.name(of: id)) is not in the index")
            }
            return recount
        }
    }

    /// A range that the index has; `content` is what its header must say, `nil` when there is no frame.
    private struct Expected {
        enum Content: Equatable {
            case piece(PieceKey, root: Digest, byteCount: Int, header: Int)
            case tombstone(Digest)
        }

        let extent: Extent
        var content: Content?
        var isBuried = true
    }

    private func expectedFrames(_ database: Database, _ recount: inout Recount) throws -> [Int64: [Expected]] {
        var frames: [Int64: [Expected]] = [:]
        var counted = PieceAccounting()
        try RawStatement(
            database,
            "SELECT \(PieceRow.columns), root, digest FROM piece JOIN segment ON segment.id = piece.segment"
        ).forEach { row in
            let piece = PieceRow(row)
            counted[piece.state].add(piece.amount, sign: 1)
            recount.pieces += 1
            let key = PieceKey(segment: try row.digest(8), index: piece.number)
            let content = Expected.Content.piece(
                key,
                root: try row.digest(7),
                byteCount: piece.byteCount,
                header: piece.header
            )
            frames[piece.extent.volume, default: []].append(Expected(extent: piece.extent, content: content))
        }
        try RawStatement(database, "SELECT segment, volume, offset, frame FROM tombstone").forEach { row in
            let extent = Extent(volume: row.integer(1), offset: row.int(2), byteCount: row.int(3))
            counted.tombstones.add(PieceAmount(count: 1, diskBytes: Int64(extent.byteCount)), sign: 1)
            recount.tombstones += 1
            let content = Expected.Content.tombstone(try row.digest(0))
            frames[extent.volume, default: []].append(Expected(extent: extent, content: content))
        }
        try RawStatement(database, "SELECT volume, offset, length, buried FROM dead").forEach { row in
            let extent = Extent(volume: row.integer(0), offset: row.int(1), byteCount: row.int(2))
            counted.dead.add(PieceAmount(count: 1, diskBytes: Int64(extent.byteCount)), sign: 1)
            frames[extent.volume, default: []].append(Expected(extent: extent, isBuried: row.integer(3) != 0))
        }
        try RawStatement(database, "SELECT count(*), coalesce(sum(length(bytes)), 0) FROM renewal").forEach { row in
            counted.renewals = PieceAmount(count: row.integer(0), payloadBytes: row.integer(1))
        }
        let stored = try IndexTransaction.accounting(database)
        for state in PieceAccounting.State.allCases where counted[state] != stored[state] {
            recount.note(\.accountsOff, "\(state): \(stored[state]), counted \(counted[state])")
        }
        return frames
    }

    private func compareOwners(_ database: Database, _ recount: inout Recount) throws {
        var counted: [[UInt8]: PieceAmount] = [:]
        try RawStatement(
            database,
            """
            SELECT owner, count(*), sum(bytes), sum(frame) FROM piece JOIN segment ON segment.id = piece.segment
            GROUP BY owner
            """
        ).forEach { row in
            counted[row.bytes(0)] = PieceAmount(
                count: row.integer(1),
                payloadBytes: row.integer(2),
                diskBytes: row.integer(3)
            )
        }
        try RawStatement(database, "SELECT key, count, payload, disk FROM owner").forEach { row in
            let amount = PieceAmount(count: row.integer(1), payloadBytes: row.integer(2), diskBytes: row.integer(3))
            if counted.removeValue(forKey: row.bytes(0)) != amount { recount.note(\.ownersOff, "owner \(amount)") }
        }
        for amount in counted.values { recount.note(\.ownersOff, "owner without account \(amount)") }
    }

    private func compareSegments(_ database: Database, _ recount: inout Recount) throws {
        let checks = [
            "SELECT count(*) FROM segment WHERE NOT EXISTS (SELECT 1 FROM piece WHERE segment = segment.id)",
            "SELECT count(*) FROM piece WHERE segment NOT IN (SELECT id FROM segment)",
            "SELECT count(*) FROM statement WHERE segment NOT IN (SELECT id FROM segment)",
            "SELECT count(*) FROM renewed WHERE segment NOT IN (SELECT id FROM segment)",
            "SELECT count(*) FROM renewed WHERE renewal NOT IN (SELECT id FROM renewal)",
            "SELECT count(*) FROM renewal WHERE id NOT IN (SELECT renewal FROM renewed)",
            """
            SELECT count(*) FROM piece JOIN segment ON segment.id = piece.segment
            WHERE (entombed <> 0) <> (state = \(PieceAccounting.State.entombed.rawValue))
            """,
        ]
        for check in checks {
            let count = try RawStatement(database, check).first { $0.int(0) } ?? 0
            if count > 0 { recount.note(\.segmentsOff, "\(count): \(check)") }
        }
    }

    private func compareFile(
        _ header: VolumeHeader,
        length: Int,
        _ expected: [Expected],
        _ recount: inout Recount
    ) throws {
        let name = VolumeSet.name(of: header.volume)
        guard let volume = try openIfThere(header.volume) else { return recount.note(\.volumesOff, "\(name) is gone") }
        let size = try fileSystem.stamp(volume.descriptor).size
        // Behind the committed end stands what is being written.
        if size < length || (size > length && !volumes.isPending(header.volume)) {
            recount.note(\.volumesOff, "\(name) has \(size) bytes, not \(length)")
        }
        if try FrameScan.header(of: volume, fileSystem) != header { recount.note(\.framesOff, "\(name): own header") }
        var scan = FrameScan(volume: volume, salt: header.salt, fileSystem: fileSystem)
        var end = VolumeHeader.byteCount
        for item in expected.sorted(by: { $0.extent.offset < $1.extent.offset }) {
            let start = item.extent.offset
            if start < end || item.extent.end > length {
                recount.note(\.volumesOff, "\(name): ranges overlap at \(start)")
                continue
            }
            try countResidue(&scan, end..<start, &recount)
            end = item.extent.end
            guard let content = item.content else {
                if item.isBuried { try countResidue(&scan, start..<end, &recount) }
                continue
            }
            let frame = try scan.frame(at: start)
            if frame.map({ Self.content($0) != content || $0.extent != item.extent }) ?? true {
                recount.note(\.framesOff, "\(name): frame at \(start)")
            }
        }
        try countResidue(&scan, end..<max(end, min(length, size)), &recount)
    }

    private func countResidue(_ scan: inout FrameScan, _ range: Range<Int>, _ recount: inout Recount) throws {
        try scan.forEach(in: range) { frame in
            recount.note(\.residue, "\(VolumeSet.name(of: frame.extent.volume)): at \(frame.extent.offset)")
        }
    }

    private static func content(_ frame: FrameScan.Frame) -> Expected.Content? {
        if let piece = frame.piece {
            return .piece(piece.key, root: piece.root, byteCount: piece.byteCount, header: frame.header.byteCount)
        }
        return frame.tombstone.map { .tombstone($0.segment) }
    }
}
