import Logging
import Namespace

/// Sets tombstones on segments that a put stored without ever naming them.
struct OrphanRemoval: Sendable {
    let vault: OwnerVault
    let names: NamespaceService
    let removal: SegmentRemoval
    let journal: SegmentJournal
    let work: BlockingWork
    let logger: Logger

    /// Removes what can be removed now; the rest is for the next time.
    func sweep() async {
        guard let owner = vault.identity else { return }
        do {
            let removed = try await sweep(owner)
            guard removed > 0 else { return }
            logger.notice("segments of a put that did not end were removed", metadata: ["segments": "\(removed)"])
        } catch {
            guard !Task.isCancelled else { return }
            logger.warning(
                "segments of a put that did not end are still there; they are removed later",
                metadata: ["error": "\(error)"]
            )
        }
    }

    private func sweep(_ owner: OwnerIdentity) async throws -> Int {
        let journal = journal
        let abandoned = try await work.run { try journal.abandoned() }
        guard !abandoned.isEmpty else { return 0 }
        let version = names.rootVersion(of: owner.device.id, owner: owner.owner)
        // A root that may name a segment and is not known here decides; it comes back with gossip.
        let decided = abandoned.filter { $0.rootVersion ?? 0 <= version }.map(\.segment)
        guard !decided.isEmpty else { return 0 }
        let use = try await names.snapshot(of: owner).use
        guard use.isComplete else { return 0 }
        let orphans = decided.filter { use.share(of: $0.id) == nil }
        try await removal.remove(orphans, owner: owner)
        try await work.run { try journal.forget(decided) }
        return orphans.count
    }
}
