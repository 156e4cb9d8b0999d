import Core
import Files
import GRDB
import SQLite

/// How far a scrub has come; keep it to go on after a restart.
public struct ScrubCursor: Hashable, Sendable, Codable {
    public var volume: Int64
    /// In bytes from the volume's start.
    public var offset: Int

    /// Where a scrub begins.
    public static let start = ScrubCursor(volume: 0, offset: 0)

    public init(volume: Int64, offset: Int) {
        self.volume = volume
        self.offset = offset
    }
}

/// What a part of a scrub found.
public struct Scrubbed: Hashable, Sendable {
    /// Where to go on; `nil` when the scrub has come to its end.
    public var next: ScrubCursor?
    /// Pieces that are damaged; reading and repair know them as such now.
    public var damaged: [PieceKey] = []
    /// Bytes of pieces that were verified.
    public var bytes = 0
    /// Headers that were written anew from the index.
    public var mended = 0
}

extension PieceStore {
    /// Most pieces that one call looks at.
    static let scrubPiecesMax = 1024

    /// Reads pieces in the order of the disk and verifies them; mends headers, marks damaged pieces.
    ///
    /// - Parameters:
    ///   - cursor: where the last call stopped, or ``ScrubCursor/start``.
    ///   - bytesMax: stops after so many bytes, at least after one piece.
    /// - Throws: ``PieceStoreError`` `.damagedIndex`, `.diskFull` or `.ioFailed`.
    public func scrub(from cursor: ScrubCursor, bytesMax: Int) throws -> Scrubbed {
        let rows = try read { database in
            try RawStatement(
                database,
                """
                SELECT \(PieceRow.columns), digest FROM piece JOIN segment ON segment.id = piece.segment
                WHERE (volume, offset) > (?, ?) ORDER BY volume, offset LIMIT ?
                """,
                cursor.volume,
                cursor.offset,
                Self.scrubPiecesMax
            ).all { row in (row: PieceRow(row), segment: try row.digest(7)) }
        }
        var scrubbed = Scrubbed()
        for (row, segment) in rows {
            guard scrubbed.bytes < bytesMax else { return scrubbed }
            scrubbed.next = ScrubCursor(volume: row.extent.volume, offset: row.extent.offset)
            guard row.state == .sound else { continue }
            let key = PieceKey(segment: segment, index: row.number)
            do {
                try verify(key)
                if try mend(key, row) { scrubbed.mended += 1 }
                scrubbed.bytes += row.byteCount
            } catch let error as PieceStoreError where error.code == .damaged {
                scrubbed.damaged.append(key)
                scrubbed.bytes += row.byteCount
            } catch let error as PieceStoreError where error.code == .notStored {
                continue
            }
        }
        if rows.count < Self.scrubPiecesMax { scrubbed.next = nil }
        return scrubbed
    }

    /// Writes a piece's header anew when it is not what the index has.
    private func mend(_ key: PieceKey, _ row: PieceRow) throws -> Bool {
        try upkeep.withLock { _ in
            guard let piece = try description(key.segment, key.index) else { return false }
            let stored = try read { database in
                guard let segment = try IndexTransaction.segment(key.segment, database),
                    try IndexTransaction.piece(key.index, of: segment.id, database) == row
                else { return nil as (salt: [UInt8], segment: SegmentRow)? }
                let salt = try RawStatement(database, "SELECT salt FROM volume WHERE id = ?", row.extent.volume)
                    .first { $0.bytes(0) }
                return salt.map { ($0, segment) }
            }
            guard let (salt, segment) = stored,
                let volume = try Self.mapErrors({ try openIfThere(row.extent.volume) })
            else { return false }
            var scan = FrameScan(volume: volume, salt: salt, fileSystem: fileSystem)
            let found = try Self.mapErrors { try scan.frame(at: row.extent.offset) }
            if let held = found?.piece, held.key == key, held.root == piece.root, held.owner == piece.owner,
                held.leaseEnd >= piece.leaseEnd, found?.header.byteCount == row.header
            {
                return false
            }
            let hashes = try unitHashes(key.segment, key.index)
            let header = FrameHeader.encode(
                .piece,
                body: piece.encodedBody(),
                hashes: hashes.flatMap(\.bytes),
                frameByteCount: row.extent.byteCount,
                lease: (piece.leaseEnd, segment.slot & 1),
                at: FrameHeader.Place(salt: salt, volume: row.extent.volume, offset: row.extent.offset)
            )
            guard header.count == row.header else { return false }
            try write(header, to: volume, at: row.extent.offset)
            try Self.mapErrors { try fileSystem.synchronize(volume.descriptor) }
            counterState.withLock { $0.mended += 1 }
            return true
        }
    }
}

extension PieceStore {
    /// Pieces that were found damaged and are not repaired yet, in the order of the disk, at most ``segmentsMax``.
    ///
    /// - Throws: ``PieceStoreError`` `.damagedIndex` or `.ioFailed`.
    public func damaged() throws -> [PieceKey] {
        try read { database in
            try RawStatement(
                database,
                """
                SELECT digest, number FROM piece JOIN segment ON segment.id = piece.segment
                WHERE state = ? ORDER BY volume, offset LIMIT ?
                """,
                PieceAccounting.State.damaged.rawValue,
                Self.segmentsMax
            ).all { PieceKey(segment: try $0.digest(0), index: $0.int(1)) }
        }
    }
}
