import Core
import Logging
import Namespace

/// Sets tombstones on segments that a put stored without ever naming them.
struct OrphanRemoval: Sendable {
    /// How long what a put left is kept for the same put to go on with it.
    static let keptFor = Duration.seconds(86_400)

    let vault: OwnerVault
    let names: NamespaceService
    let removal: SegmentRemoval
    let journal: SegmentJournal
    let work: BlockingWork
    let logger: Logger

    /// Removes what can be removed now; the rest is for the next time.
    ///
    /// - Parameters:
    ///   - ended: A put that has ended well: what earlier attempts at it left goes however new it is.
    ///   - now: What age is judged by.
    func sweep(after ended: Digest? = nil, now: Instant = Clock.now()) async {
        guard let owner = vault.identity else { return }
        do {
            let removed = try await sweep(ended, owner, now)
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

    private func sweep(_ ended: Digest?, _ owner: OwnerIdentity, _ now: Instant) async throws -> Int {
        let journal = journal
        // A root that may name a segment and is not known here decides; it comes back with gossip.
        let version = names.rootVersion(of: owner.device.id, owner: owner.owner)
        let hold = journal.begin()
        defer { hold.end() }
        // Before it is looked at what is in use: from here on nobody takes what is to go.
        let decided = try await work.run {
            try journal.abandoned().filter { entry in
                guard entry.rootVersion ?? 0 <= version, Self.isOver(entry, ended, now: now) else { return false }
                return try hold.take(entry)
            }
        }
        guard !decided.isEmpty else { return 0 }
        let use = try await names.snapshot(of: owner).use
        guard use.isComplete else { return 0 }
        // What is removed here must not be needed after the next start: the roots that decide are on the disk.
        let (mesh, subject) = (names.mesh, owner.owner.bytes)
        try await work.run {
            try mesh.saveAgain(.namespaceRoot, subjectPrefix: subject)
            try journal.synchronize(decided)
        }
        let orphans = decided.map(\.segment).filter { use.share(of: $0.id) == nil }
        // While nobody can be reached the journal keeps them: it is the last that knows of them.
        guard try await removal.remove(orphans, owner: owner) else { return 0 }
        try await work.run { try journal.forget(asRead: decided) }
        return orphans.count
    }

    private static func isOver(_ entry: SegmentJournal.Entry, _ ended: Digest?, now: Instant) -> Bool {
        // What no put can take up, and what a root decided on, waits for nothing.
        guard let remains = entry.remains, entry.rootVersion == nil else { return true }
        // A clock that was wrong when it was noted keeps nothing for years.
        return remains.put == ended || remains.noted + keptFor < now || now + keptFor < remains.noted
    }
}
