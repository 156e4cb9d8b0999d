import Core
import GRDB
import SQLite

extension PieceStore {
    /// Reserves the space of a piece and returns what writes it.
    ///
    /// - Throws: ``PieceStoreError`` `.alreadyStored`, `.tombstoned`, `.wrongOwner`, `.ownerLimit`, `.full`, `.limit`,
    ///   `.invalid`, `.diskFull` or `.ioFailed`.
    public func begin(_ piece: PieceDescription) throws -> PieceWriter {
        try piece.check()
        let shape = FrameShape(piece)
        let bytes = Int64(shape.frameByteCount)
        let reservation = try reservations.withLock { reservations in
            guard reservations.keys.count < configuration.writersMax else {
                throw PieceStoreError(.limit, "\(configuration.writersMax) pieces are being written already")
            }
            guard !reservations.keys.contains(piece.key) else {
                throw PieceStoreError(.alreadyStored, "piece \(piece.key) is being written")
            }
            let ownerBytes = try read { database in
                try Self.check(piece, database)
                return try RawStatement(database, "SELECT disk FROM owner WHERE key = ?", piece.owner)
                    .first { $0.integer(0) } ?? 0
            }
            guard ownerBytes + reservations.byOwner[piece.owner, default: 0] + bytes <= configuration.ownerBytesMax
            else { throw PieceStoreError(.ownerLimit, "the owner has used up what one owner may store here") }
            guard accounting.diskBytes + reservations.bytes + bytes <= configuration.pieceBytesMax else {
                throw PieceStoreError(.full, "the space that is lent for pieces is used up")
            }
            let reservation = try Self.mapErrors { try volumes.reserve(shape.frameByteCount) }
            reservations.add(piece, bytes: bytes)
            return reservation
        }
        return PieceWriter(piece, shape, reservation, self)
    }

    /// Whether the piece may be stored beside what is there.
    private static func check(_ piece: PieceDescription, _ database: Database) throws {
        guard try !IndexTransaction.isEntombed(piece.segment, owner: piece.owner, database) else {
            throw PieceStoreError(.tombstoned, "the owner removed the segment of \(piece.key)")
        }
        guard let segment = try IndexTransaction.segment(piece.segment, database) else { return }
        guard segment.owner == piece.owner else {
            throw PieceStoreError(.wrongOwner, "the segment of \(piece.key) is held for another owner")
        }
        guard !segment.isEntombed else {
            throw PieceStoreError(.tombstoned, "the owner removed the segment of \(piece.key)")
        }
        let row = try IndexTransaction.piece(piece.index, of: segment.id, database)
        guard row.map({ $0.state == .damaged }) ?? true else {
            throw PieceStoreError(.alreadyStored, "piece \(piece.key) is here already")
        }
    }

    /// - Parameter lease: the end that the frame says.
    func commit(
        _ piece: PieceDescription,
        _ hashes: [UInt8],
        _ shape: FrameShape,
        _ reservation: Reservation,
        lease: Instant,
        _ statement: StoredStatement?
    ) throws {
        let entry = CommitEntry([reservation]) { transaction in
            try Self.check(piece, transaction.database)
            let segment = try IndexTransaction.segment(piece.segment, transaction.database)
            guard segment.map({ $0.lease <= lease }) ?? true else {
                throw PieceStoreError(.leaseMoved, "the lease was extended")
            }
            try transaction.insert(
                piece,
                hashes: hashes,
                header: shape.headerByteCount,
                extent: reservation.extent
            )
            if let statement { _ = try transaction.put(statement) }
        }
        try commit(entry)
    }

    func commit(_ entry: CommitEntry) throws {
        try Self.mapErrors {
            try group.commit(entry) { body in try write(body) }
        }
    }

    func write(_ bytes: [UInt8], to volume: OpenVolume, at offset: Int) throws {
        try Self.mapErrors { try fileSystem.writeAll(bytes, to: volume.descriptor, at: offset) }
    }

    enum Ending {
        case committed
        case discarded(hasHeader: Bool)
    }

    /// A writer has ended.
    func end(_ piece: PieceDescription, _ reservation: Reservation, _ ending: Ending) {
        if case .discarded(let hasHeader) = ending { volumes.abandon(reservation, hasHeader: hasHeader) }
        reservations.withLock { $0.remove(piece, bytes: Int64(reservation.extent.byteCount)) }
        counterState.withLock { counters in
            if case .committed = ending { counters.committed += 1 } else { counters.discarded += 1 }
        }
    }
}
