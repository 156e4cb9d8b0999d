import Core
import Logging
import Namespace
import Objects
import Publishing

/// Writes what is live of half-empty segments anew, so that the segments can be removed.
///
/// Ciphertext is moved as it is: what an object's records are sealed with does not depend on where they lie.
struct SegmentRepacking: Sendable {
    /// Segments that one call makes room for.
    static let segmentsMax = 16

    let names: NamespaceService
    let mesh: MeshService
    let segments: SegmentServices
    let removal: SegmentRemoval
    let logger: Logger

    private struct Moved {
        let entry: NamespaceEntry
        let object: SealedObject
        /// Of each extent that is moved, where it goes.
        let runs: [Int: ObjectPacker.Packed]
    }

    /// Repacks what is worth it; what cannot be done now stays as it is.
    func repack(_ owner: OwnerIdentity) async {
        do {
            let count = try await repackSome(owner)
            guard count > 0 else { return }
            logger.info("half-empty segments were written anew", metadata: ["segments": "\(count)"])
        } catch {
            guard !Task.isCancelled else { return }
            logger.info("half-empty segments could not be written anew now", metadata: ["error": "\(error)"])
        }
    }

    /// - Returns: How many segments were emptied.
    private func repackSome(_ owner: OwnerIdentity) async throws -> Int {
        let before = try await names.snapshot(of: owner)
        let use = before.use
        let advised = use.shares.map(\.segment.id).filter { use.advice(for: $0) == .repack }
        // What a conflict hides is moved by nobody and keeps its segments.
        let kept = Set(before.view.conflicts.flatMap { Self.extents(of: $0.loser).map(\.segment.id) })
        let chosen = Set(advised.filter { !kept.contains($0) }.prefix(Self.segmentsMax))
        guard !chosen.isEmpty else { return 0 }
        let entries = before.view.entries.filter { entry in
            Self.extents(of: entry).contains { chosen.contains($0.segment.id) }
        }
        guard !entries.isEmpty else { return 0 }
        let now = mesh.read { $0.mesh.meshNow(Clock.now()) }
        // Never shorter than what a name that moves says of its lease.
        let leaseEnd = entries.map(\.leaseEnd).reduce(now + Publication.leaseDefault) { max($0, $1) }
        let batch = segments.journal.begin()
        let packer = ObjectPacker(storing: segments.storing, owner: owner, leaseEnd: leaseEnd, batch: batch)
        let moved = try await move(entries, from: chosen, to: packer, owner)
        let stored = try await packer.close()
        let writes = try moved.map { try Self.write($0, in: stored) }
        try await names.write(writes, owner: owner, leaseEnd: leaseEnd, batch: batch)
        let after = try await names.snapshot(of: owner).use
        try await removal.remove(unneeded: use, after: after, of: batch, owner: owner)
        guard after.isComplete else { return 0 }
        // Names that changed meanwhile were left alone.
        let unused = try stored.map { try SegmentReference($0.record) }.filter { after.share(of: $0.id) == nil }
        try await removal.remove(unused, owner: owner)
        return chosen.count { after.share(of: $0) == nil }
    }

    private func move(
        _ entries: [NamespaceEntry],
        from chosen: Set<Digest>,
        to packer: ObjectPacker,
        _ owner: OwnerIdentity
    ) async throws -> [Moved] {
        var objects: [(NamespaceEntry, SealedObject)] = []
        for entry in entries { if case .object(let object) = entry.content { objects.append((entry, object)) } }
        let cache = WindowCache(
            of: objects.flatMap { SegmentWindow.all(of: $0.1) }.filter { chosen.contains($0.segment.id) },
            fetch: try segments.fetch(for: owner)
        )
        var moved: [Moved] = []
        for (entry, object) in objects {
            var runs: [Int: ObjectPacker.Packed] = [:]
            for (number, extent) in object.extents.enumerated() where chosen.contains(extent.segment.id) {
                packer.begin()
                for window in SegmentWindow.all(of: extent) { try await packer.move(cache.read(window)) }
                runs[number] = packer.moved()
            }
            moved.append(Moved(entry: entry, object: object, runs: runs))
        }
        return moved
    }

    private static func write(_ moved: Moved, in stored: [StoredSegment]) throws -> NamespaceService.Write {
        var extents: [Extent] = []
        for (number, extent) in moved.object.extents.enumerated() {
            extents += try moved.runs[number].map { try ObjectPacker.extents($0, in: stored) } ?? [extent]
        }
        return NamespaceService.Write(
            name: moved.entry.name,
            content: .object(
                try SealedObject(key: moved.object.key, rekeyings: moved.object.rekeyings, extents: extents)
            ),
            size: moved.entry.size,
            mode: moved.entry.mode,
            modified: moved.entry.modified,
            leaseEnd: moved.entry.leaseEnd,
            replaces: moved.entry.stamp
        )
    }

    private static func extents(of entry: NamespaceEntry) -> [Extent] {
        guard case .object(let object) = entry.content else { return [] }
        return object.extents
    }
}
