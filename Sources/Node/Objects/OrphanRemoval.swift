import Core
import Logging
import Namespace

/// Sets tombstones on segments that a put stored without ever naming them.
struct OrphanRemoval: Sendable {
    /// How long what a put left is kept for the same put to go on with it.
    static let keptFor = Duration.seconds(86_400)

    /// Which of them.
    enum Choice: Sendable {
        /// What was left longer ago than ``OrphanRemoval/keptFor``.
        case aged
        /// What puts left that stored something else: a put did not find the space it needs.
        case othersThan(Digest)
        /// What earlier attempts at a put left that has ended well, besides what is too old.
        case agedAnd(Digest)
    }

    let vault: OwnerVault
    let names: NamespaceService
    let removal: SegmentRemoval
    let journal: SegmentJournal
    let work: BlockingWork
    let logger: Logger

    /// Removes what can be removed now; the rest is for the next time.
    func sweep(_ choice: Choice = .aged) async {
        guard let owner = vault.identity else { return }
        do {
            let removed = try await sweep(choice, owner)
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

    private func sweep(_ choice: Choice, _ owner: OwnerIdentity) async throws -> Int {
        let journal = journal
        let now = Clock.now()
        // A root that may name a segment and is not known here decides; it comes back with gossip.
        let version = names.rootVersion(of: owner.device.id, owner: owner.owner)
        let hold = journal.begin()
        defer { hold.end() }
        // Before it is looked at what is in use: from here on nobody takes what is to go.
        let decided = try await work.run {
            try journal.abandoned().filter { entry in
                guard entry.rootVersion ?? 0 <= version, Self.isChosen(entry, choice, now: now) else { return false }
                return try hold.take(entry)
            }.map(\.segment)
        }
        guard !decided.isEmpty else { return 0 }
        let use = try await names.snapshot(of: owner).use
        guard use.isComplete else { return 0 }
        let orphans = decided.filter { use.share(of: $0.id) == nil }
        try await removal.remove(orphans, owner: owner)
        try await work.run { try journal.forget(decided) }
        return orphans.count
    }

    private static func isChosen(_ entry: SegmentJournal.Entry, _ choice: Choice, now: Instant) -> Bool {
        // What no put can take up, and what a root decided on, waits for nothing.
        guard let remains = entry.remains, entry.rootVersion == nil else { return true }
        // A clock that was wrong when it was noted keeps nothing for years.
        let isAged = remains.noted + keptFor < now || now + keptFor < remains.noted
        return switch choice {
        case .aged: isAged
        case .othersThan(let put): remains.put != put
        case .agedAnd(let put): isAged || remains.put == put
        }
    }
}
