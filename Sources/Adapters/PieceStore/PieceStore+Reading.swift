import Core
import GRDB
import Objects
import SQLite

extension PieceStore {
    /// A piece with what is needed to read and verify it.
    private struct Found {
        let segment: Int64
        let row: PieceRow
        let root: Digest
        let hashes: [UInt8]

        func hash(_ unit: Int) -> ArraySlice<UInt8> { hashes[unit * 32..<unit * 32 + 32] }
    }

    /// Reads whole units of a piece and verifies each against its unit hash.
    ///
    /// - Parameter units: at least one; the piece's last unit may be shorter than 64 KiB.
    /// - Throws: ``PieceStoreError`` `.notStored`, `.invalid` for units that the piece does not have, `.damaged` when the
    ///   bytes no longer have their hashes (the piece then counts as damaged), `.ioFailed`.
    public func read(_ segment: Digest, _ index: Int, units: Range<Int>) throws -> [UInt8] {
        let (found, range) = try found(PieceKey(segment: segment, index: index), units)
        return try [UInt8](unsafeUninitializedCapacity: range.count) { buffer, initialized in
            let target = UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[..<range.count]))
            try read(found, PieceKey(segment: segment, index: index), range, from: units.lowerBound, into: target)
            initialized = range.count
        }
    }

    /// As ``read(_:_:units:)``, into memory that is exactly as long as the units.
    public func read(
        _ segment: Digest,
        _ index: Int,
        units: Range<Int>,
        into target: UnsafeMutableRawBufferPointer
    ) throws {
        let key = PieceKey(segment: segment, index: index)
        let (found, range) = try found(key, units)
        guard range.count == target.count else {
            throw PieceStoreError(.invalid, "units \(units) of piece \(key) have \(range.count) bytes")
        }
        try read(found, key, range, from: units.lowerBound, into: target)
    }

    private func found(_ key: PieceKey, _ units: Range<Int>) throws -> (Found, Range<Int>) {
        let found = try found(key)
        let unitCount = (found.row.byteCount - 1) / PieceDescription.unitByteCount + 1
        guard !units.isEmpty, units.lowerBound >= 0, units.upperBound <= unitCount else {
            throw PieceStoreError(.invalid, "piece \(key) has \(unitCount) units, not \(units)")
        }
        let start = units.lowerBound * PieceDescription.unitByteCount
        return (found, start..<min(units.upperBound * PieceDescription.unitByteCount, found.row.byteCount))
    }

    private func read(
        _ found: Found,
        _ key: PieceKey,
        _ range: Range<Int>,
        from first: Int,
        into target: UnsafeMutableRawBufferPointer
    ) throws {
        guard try payload(found.row, range, into: target),
            Self.isSound(UnsafeRawBufferPointer(target), found, from: first)
        else { throw try noteDamage(key, found) }
    }

    private static func isSound(_ bytes: UnsafeRawBufferPointer, _ found: Found, from first: Int) -> Bool {
        var start = 0
        var unit = first
        while start < bytes.count {
            let end = min(start + PieceDescription.unitByteCount, bytes.count)
            let hash = PieceTree.unitHash(of: UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
            guard hash.bytes.elementsEqual(found.hash(unit)) else { return false }
            start = end
            unit += 1
        }
        return true
    }

    /// - Returns: `false` when the volume does not have the bytes.
    private func payload(_ row: PieceRow, _ range: Range<Int>, into target: UnsafeMutableRawBufferPointer) throws
        -> Bool
    {
        try Self.mapErrors {
            guard let volume = try openIfThere(row.extent.volume) else { return false }
            let offset = row.payloadOffset + range.lowerBound
            return try fileSystem.readAll(target, from: volume.descriptor, at: offset) == range.count
        }
    }

    /// - Returns: `nil` when the volume's file is gone.
    func openIfThere(_ id: Int64) throws -> OpenVolume? {
        do {
            return try volumes.open(id)
        } catch  where error.isMissing {
            return nil
        }
    }

    private func found(_ key: PieceKey) throws -> Found {
        let found: Found? = try read { database in
            try RawStatement(
                database,
                """
                SELECT \(PieceRow.columns), root, hashes, segment FROM piece
                WHERE segment = (SELECT id FROM segment WHERE digest = ?) AND number = ?
                """,
                key.segment,
                key.index
            ).first { row in
                Found(segment: row.integer(9), row: PieceRow(row), root: try row.digest(7), hashes: row.bytes(8))
            }
        }
        guard let found, found.row.state != .entombed else {
            throw PieceStoreError(.notStored, "piece \(key) is not here")
        }
        let row = found.row
        let unitCount = (row.byteCount - 1) / PieceDescription.unitByteCount + 1
        guard row.byteCount > 0, row.byteCount <= PieceDescription.byteCountMax, row.extent.offset > 0,
            row.header > 0, row.header <= FrameHeader.byteCountMax, found.hashes.count == unitCount * 32
        else { throw damagedIndex("the index has no possible place for piece \(key)") }
        return found
    }

    /// The bytes do not have their hashes: either they are damaged, or the index is.
    ///
    /// - Returns: The error to throw.
    private func noteDamage(_ key: PieceKey, _ found: Found) throws -> PieceStoreError {
        guard PieceTree.root(unitHashes: Self.digests(found.hashes)) == found.root else {
            return damagedIndex("the index has wrong unit hashes for piece \(key)")
        }
        let isMarked = try write { transaction in
            guard let row = try IndexTransaction.piece(found.row.number, of: found.segment, transaction.database),
                row.extent == found.row.extent
            else { return false }
            guard row.state == .sound else { return true }
            try transaction.setState(.damaged, of: row, in: found.segment)
            self.counterState.withLock { $0.damaged += 1 }
            return true
        }
        // It was freed while it was read.
        guard isMarked else { return PieceStoreError(.notStored, "piece \(key) is not here any more") }
        return PieceStoreError(.damaged, "piece \(key) is damaged; it has to be repaired")
    }

    func damagedIndex(_ message: String) -> PieceStoreError {
        requestRebuild()
        return PieceStoreError(.damagedIndex, message + "; it is rebuilt when the store is opened again")
    }

    static func digests(_ bytes: [UInt8]) -> [Digest] {
        (0..<bytes.count / 32).compactMap { try? Digest(bytes[$0 * 32..<$0 * 32 + 32]) }
    }

    /// Reads a whole piece in parts and verifies it, which marks it when it is damaged.
    func verify(_ key: PieceKey) throws {
        let found = try found(key)
        let step = 16
        let unitCount = found.hashes.count / 32
        for first in stride(from: 0, to: unitCount, by: step) {
            _ = try read(key.segment, key.index, units: first..<min(first + step, unitCount))
        }
    }

    // MARK: - Looking up

    /// The hashes of a piece's units, whose tree has the piece's root.
    ///
    /// - Throws: ``PieceStoreError`` `.notStored`, `.damagedIndex` or `.ioFailed`.
    public func unitHashes(_ segment: Digest, _ index: Int) throws -> [Digest] {
        let found = try found(PieceKey(segment: segment, index: index))
        let hashes = Self.digests(found.hashes)
        guard PieceTree.root(unitHashes: hashes) == found.root else {
            throw damagedIndex("the index has wrong unit hashes")
        }
        return hashes
    }

    /// What is stored as this piece, with the lease that the segment has now, also while it is damaged or waits to be
    /// freed; `nil` when it is not here.
    public func description(_ segment: Digest, _ index: Int) throws -> PieceDescription? {
        try read { database in
            try RawStatement(
                database,
                """
                SELECT owner, lease, record, bytes, root FROM piece JOIN segment ON segment.id = piece.segment
                WHERE digest = ? AND number = ?
                """,
                segment,
                index
            ).first { row in
                PieceDescription(
                    segment: segment,
                    index: index,
                    owner: row.bytes(0),
                    byteCount: row.int(3),
                    root: try row.digest(4),
                    leaseEnd: row.instant(1),
                    record: row.bytes(2)
                )
            }
        }
    }

    /// The signed segment record of a segment of which a piece is here.
    public func record(of segment: Digest) throws -> [UInt8]? {
        try read { database in
            try RawStatement(database, "SELECT record FROM segment WHERE digest = ?", segment).first { $0.bytes(0) }
        }
    }

    /// Whether the piece is here, not removed and not known to be damaged.
    public func contains(_ segment: Digest, _ index: Int) throws -> Bool {
        try pieces(of: segment).contains(index)
    }

    /// The indexes of the segment's pieces that are here, not removed and not known to be damaged.
    public func pieces(of segment: Digest) throws -> [Int] {
        try read { database in
            guard let row = try IndexTransaction.segment(segment, database) else { return [] }
            return try IndexTransaction.pieces(of: row.id, database).filter { $0.state == .sound }.map(\.number)
        }
    }

    /// The segments of which pieces are here, by digest, at most ``segmentsMax``; removed ones are left out.
    public func heldSegments(after: Digest? = nil, limit: Int = segmentsMax) throws -> [Digest] {
        try read { database in
            try RawStatement(
                database,
                "SELECT digest FROM segment WHERE digest > ? AND entombed = 0 ORDER BY digest LIMIT ?",
                after?.bytes ?? [],
                min(limit, Self.segmentsMax)
            ).all { try $0.digest(0) }
        }
    }

    /// What an owner's pieces take here.
    public func amount(ofOwner owner: [UInt8]) throws -> PieceAmount {
        try read { database in
            try RawStatement(database, "SELECT count, payload, disk FROM owner WHERE key = ?", owner).first { row in
                PieceAmount(count: row.integer(0), payloadBytes: row.integer(1), diskBytes: row.integer(2))
            } ?? PieceAmount()
        }
    }
}
