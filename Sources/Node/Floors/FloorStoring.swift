import Core
import Objects
import Publishing

/// Stores the archive of one site as public segments, one after the other; what is stored already is not stored again.
struct FloorStoring {
    /// How much is read from the disk at a time, in bytes.
    static let readBytes = 4 << 20
    /// A segment's lease is at least so long, however short the site's is.
    static let leaseMin = Duration.seconds(86_400)

    let keeper: FloorKeeper
    let key: SigningKey<PublisherRole>

    /// - Returns: Whether all of it is stored now; `false` for a site that is too large.
    /// - Throws: What storing throws; what was stored until then is kept for the next time.
    func store(_ publication: Publication, _ roots: [CID], _ entry: inout FloorJournal.Entry) async throws -> Bool {
        guard !roots.isEmpty else { return false }
        if let storing = entry.storing, storing.roots != roots { try await keeper.drop(&entry, of: key.id) }
        let store = keeper.store
        let byteCount = try await keeper.work.run { try ArchiveStream.byteCount(of: roots, in: store) }
        guard byteCount <= SiteFloor.byteCountMax else {
            keeper.note(
                .none(
                    "the site has \(byteCount) bytes with its versions, a floor at most \(SiteFloor.byteCountMax); "
                        + "it is kept as whole copies only"
                ),
                of: key.id
            )
            return false
        }
        var archive = entry.storing ?? FloorJournal.Archive(roots: roots, byteCount: byteCount)
        guard archive.byteCount == byteCount else {
            throw NodeError(.corrupt, "the archive of the site has another length than before")
        }
        let stream = ArchiveStream(roots: roots, store: store)
        let skipped = UInt64(archive.segments.count) * SiteFloor.segmentBytes
        try await keeper.work.run { try stream.skip(min(skipped, byteCount)) }
        let lease = max(publication.leaseEnd, keeper.now + Self.leaseMin)
        let owner = try keeper.vault.readOrCreate(deviceName: "floor").identity
        let buffer = SegmentBuffer()
        let total = Int(SiteFloor.segmentCount(of: byteCount))
        while !archive.isComplete {
            keeper.note(.storing(segments: archive.segments.count, of: total), of: key.id)
            try Task.checkCancellation()
            guard isCurrent(publication) else { throw NodeError(.mesh, "a newer version was published meanwhile") }
            try await fill(buffer, from: stream)
            try await storeSegment(buffer, owner, lease, &archive, &entry)
        }
        let gone = Set(entry.stored?.segments ?? []).subtracting(archive.segments)
        entry.removing += (entry.stored?.segments ?? []).filter(gone.contains)
        entry.stored = archive
        entry.storing = nil
        try await keeper.save(entry, of: key.id)
        return true
    }

    private func isCurrent(_ publication: Publication) -> Bool {
        keeper.mesh.read { $0.repair.index.publication(of: key.id)?.contentSequence == publication.contentSequence }
    }

    private func fill(_ buffer: SegmentBuffer, from stream: ArchiveStream) async throws {
        buffer.clear()
        var isMore = true
        while isMore, buffer.room > 0 {
            isMore = try await keeper.work.run { try stream.fill(buffer, upTo: Self.readBytes) }
        }
        guard buffer.byteCount > 0 else { throw NodeError(.corrupt, "the archive of the site ends too early") }
    }

    private func storeSegment(
        _ buffer: SegmentBuffer,
        _ owner: OwnerIdentity,
        _ lease: Instant,
        _ archive: inout FloorJournal.Archive,
        _ entry: inout FloorJournal.Entry
    ) async throws {
        let batch = keeper.segments.journal.begin()
        let upload = keeper.segments.storing.store(
            buffer,
            owner: owner,
            leaseEnd: lease,
            batch: batch,
            isPublic: true,
            resumption: nil
        )
        do {
            let stored = try await upload.acknowledged()
            archive.segments.append(SiteFloor.Segment(stored.record))
            entry.storing = archive
            try await keeper.save(entry, of: key.id)
            try await keeper.work.run { try batch.commit() }
        } catch {
            // The buffer is read until then.
            try? await upload.released()
            throw error
        }
        try await upload.released()
    }
}
