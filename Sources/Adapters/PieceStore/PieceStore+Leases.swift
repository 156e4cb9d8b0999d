import Core
import GRDB
import SQLite

extension PieceStore {
    /// Most segments whose leases one transaction extends.
    static let leaseBatchMax = 512

    /// Extends the leases of an owner's segments; never shortens one.
    ///
    /// - Parameters:
    ///   - segments: those that are not here, are removed or are another owner's are left out.
    ///   - until: the new lease end.
    ///   - renewal: the owner's signed word for it; kept with each segment that it keeps longest.
    /// - Returns: How many leases now end at `until` or later.
    /// - Throws: ``PieceStoreError`` `.limit`, `.diskFull` or `.ioFailed`; then some may be extended.
    @discardableResult
    public func extendLease(
        _ segments: [Digest],
        owner: [UInt8],
        until: Instant,
        renewal: [UInt8]? = nil
    ) throws -> Int {
        let renewal = renewal.map { StoredRenewal(until: until, bytes: $0) }
        try renewal?.check()
        let unique = Array(Set(segments)).sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
        return try upkeep.withLock { _ in
            var count = 0
            for start in stride(from: 0, to: unique.count, by: Self.leaseBatchMax) {
                let batch = unique[start..<min(start + Self.leaseBatchMax, unique.count)]
                count += try extendBatch(batch, owner: owner, until: until, renewal)
            }
            return count
        }
    }

    private func extendBatch(
        _ batch: ArraySlice<Digest>,
        owner: [UInt8],
        until: Instant,
        _ renewal: StoredRenewal?
    ) throws -> Int {
        let rows = try read { database in
            try batch.compactMap { try IndexTransaction.segment($0, database) }
                .filter { $0.owner == owner && !$0.isEntombed }
        }
        let shorter = rows.filter { $0.lease < until }
        // A rebuilt index knows how long leases are, and learns anew who said so.
        let unsaid = try renewal.map { renewal in
            try read { database in
                try rows.filter { row in
                    guard row.lease <= until else { return false }
                    return try IndexTransaction.renewal(of: row.id, database).map { $0.until < until } ?? true
                }
            }
        }
        guard !shorter.isEmpty || !(unsaid ?? []).isEmpty else { return rows.count }
        // First the frames, so that a rebuilt index has no shorter lease than an acknowledged one.
        if !shorter.isEmpty { try writeLeases(shorter.map { (segment: $0.id, end: until, slot: 1 - $0.slot) }) }
        try write { transaction in
            for row in shorter {
                try RawStatement(
                    transaction.database,
                    "UPDATE segment SET lease = ?, slot = ? WHERE id = ? AND lease < ?",
                    until,
                    1 - row.slot,
                    row.id,
                    until
                ).run()
            }
            guard let renewal else { return }
            for row in unsaid ?? [] { try transaction.keep(renewal, for: row.id) }
        }
        return rows.count
    }

    /// Writes lease slots into all frames of segments and returns when they are on stable storage.
    func writeLeases(_ leases: [(segment: Int64, end: Instant, slot: Int)]) throws {
        var written: [Int64: OpenVolume] = [:]
        for lease in leases {
            let frames = try read { database in
                let salts = try RawStatement(
                    database,
                    "SELECT id, salt FROM volume WHERE id IN (SELECT volume FROM piece WHERE segment = ?)",
                    lease.segment
                ).all { ($0.integer(0), $0.bytes(1)) }
                let byVolume = Dictionary(salts) { first, _ in first }
                return try IndexTransaction.pieces(of: lease.segment, database)
                    .compactMap { row in byVolume[row.extent.volume].map { (row.extent, $0) } }
            }
            for (extent, salt) in frames {
                guard let volume = try Self.mapErrors({ try openIfThere(extent.volume) }) else { continue }
                let place = FrameHeader.Place(salt: salt, volume: extent.volume, offset: extent.offset)
                let (bytes, offset) = FrameHeader.slot(lease.slot & 1, leaseEnd: lease.end, at: place)
                try write(bytes, to: volume, at: extent.offset + offset)
                written[volume.id] = volume
            }
        }
        try Self.mapErrors {
            for id in written.keys.sorted() {
                if let volume = written[id] { try fileSystem.synchronize(volume.descriptor) }
            }
        }
    }
}
