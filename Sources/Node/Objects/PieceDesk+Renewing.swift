import Core
import Objects
import PieceStore

extension PieceDesk {
    /// Keeps segments for longer, as their owner says, and states the new end of what this node holds of them.
    func take(renewal bytes: [UInt8]) throws {
        let renewal = try LeaseRenewal(decoding: bytes)
        guard isValid(renewal, now: meshNow) else { return }
        let extended = try store.extendLease(
            renewal.segments.map { try Digest($0.bytes) },
            owner: renewal.owner.bytes,
            until: renewal.until,
            renewal: bytes
        )
        guard extended > 0 else { return }
        var fresh: [PieceStatement] = []
        for id in renewal.segments { fresh += try restated(id) }
        try store.putStatements(fresh.map { try $0.stored })
        guard !fresh.isEmpty else { return }
        eventInput.yield(.renewed(Set(fresh.map(\.segment)).sorted()))
    }

    /// Whether the owner's word counts: from a device that was not revoked, for no longer than any lease may be.
    func isValid(_ renewal: LeaseRenewal, now: Instant) -> Bool {
        devices.isActive(renewal.device, of: renewal.owner) && renewal.until <= now + SegmentRecord.leaseMax
    }

    /// The owner's word that keeps a segment longest, where that is not its record.
    func renewal(of id: SegmentID) throws -> [UInt8]? { try store.renewal(of: id.digest)?.bytes }

    /// The renewals of segments that were kept longer than their records say, each once.
    ///
    /// Holders tell each other and hand them to new holders, so that a segment outlives its record's lease.
    func renewals(of segments: [SegmentID]) throws -> [[UInt8]] {
        var renewals: Set<[UInt8]> = []
        for id in segments {
            if let renewal = try renewal(of: id) { renewals.insert(renewal) }
        }
        return renewals.sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// Until when a segment is kept here: what its record says, or what renewals made of it.
    func leaseEnd(of record: SegmentRecord, piece: Int) throws -> Instant {
        try store.description(Digest(record.id.bytes), piece).map { max($0.leaseEnd, record.leaseEnd) }
            ?? record.leaseEnd
    }

    /// New statements on the pieces that are kept for longer than this node has said.
    private func restated(_ id: SegmentID) throws -> [PieceStatement] {
        guard let record = try? record(of: id) else { return [] }
        return try statements(of: id).compactMap { own in
            guard own.node == key.id, own.state == .holding else { return nil }
            let end = try leaseEnd(of: record, piece: own.index)
            guard end > own.until else { return nil }
            return try statement(on: own.piece, .holding, until: end, made: own.made, renewal: own.renewal + 1)
        }
    }
}
