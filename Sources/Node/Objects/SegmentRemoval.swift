import Core
import Logging
import Namespace
import Objects
import Synchronization

/// Sets tombstones on segments that no name needs any more.
struct SegmentRemoval: Sendable {
    /// Segments under one tombstone: it fits what holders keep of it.
    static let segmentsPerTombstone = 32
    /// How long the holders are waited for; who is away learns it from the others.
    static let spreadingTimeMax = Duration.seconds(10)

    private final class Counter: Sendable {
        let count = Atomic<Int>(0)
    }

    let mesh: MeshService
    let segments: SegmentServices
    let client: PieceClient
    let logger: Logger

    /// Removes what `before` needed, or the change of names gave up, and `after` does not need; the journal forgets it then.
    ///
    /// Where it cannot be told what is needed, the journal keeps it for ``OrphanRemoval``.
    func remove(
        unneeded before: SegmentUse,
        after: SegmentUse,
        of batch: SegmentJournal.Batch,
        owner: OwnerIdentity
    ) async throws {
        guard after.isComplete else { return }
        var seen: Set<Digest> = []
        let gone = (before.shares.map(\.segment) + batch.released).filter {
            after.share(of: $0.id) == nil && seen.insert($0.id).inserted
        }
        try await remove(gone, owner: owner)
        try await segments.work.run { try batch.settle() }
    }

    /// - Returns: Whether at least one other node that may hold something was told, of each part, where there is one.
    @discardableResult
    func remove(_ references: [SegmentReference], owner: OwnerIdentity) async throws -> Bool {
        var isTold = true
        for start in stride(from: 0, to: references.count, by: Self.segmentsPerTombstone) {
            let batch = references[start..<min(start + Self.segmentsPerTombstone, references.count)]
            let now = mesh.read { $0.mesh.meshNow(Clock.now()) }
            let tombstone = try Tombstone(
                of: batch.map { try SegmentID($0.id.bytes) },
                at: now,
                certificate: owner.certificate,
                device: owner.device
            )
            let message = try SyncMessage(
                statements: [],
                tombstones: [tombstone.bytes],
                renewals: [],
                askingAbout: []
            )
            if try await !tell(message, about: Array(batch), owner: owner) { isTold = false }
            for id in tombstone.segments { segments.search.forget(id) }
        }
        return isTold
    }

    /// Tells every holder, and this node.
    ///
    /// - Returns: Whether another node knows it now, or none has to.
    private func tell(
        _ message: SyncMessage,
        about references: [SegmentReference],
        owner: OwnerIdentity
    ) async throws -> Bool {
        let grant = try segments.grants.grant(of: owner)
        var nodes: Set<NodeID> = [mesh.node]
        for reference in references {
            let id = try SegmentID(reference.id.bytes)
            let code = try SegmentCode(dataCount: Int(reference.k), totalCount: Int(reference.n))
            let known = try? await segments.search.find(id, code: code, grant: grant, everything: true)
            let places = known?.places(now: mesh.meshNow) ?? []
            nodes.formUnion(places.map(\.node))
            // A piece that nobody states may have arrived in part: the node that has it says nothing of it.
            if Set(places.map(\.piece)).count < code.totalCount { nodes.formUnion(segments.search.named(id, code)) }
        }
        let told = nodes
        let counter = Counter()
        _ = try? await withDeadline(Self.spreadingTimeMax) {
            await withDiscardingTaskGroup { group in
                for node in told {
                    group.addTask {
                        do {
                            _ = try await self.client.sync(message, with: node)
                            if node != self.mesh.node { counter.count.add(1, ordering: .relaxed) }
                        } catch {
                            self.logger.info(
                                "a holder was not told of a removal; it will be when it returns",
                                metadata: ["node": "\(node.short)", "error": "\(error)"]
                            )
                        }
                    }
                }
            }
        }
        return told == [mesh.node] || counter.count.load(ordering: .relaxed) > 0
    }
}
