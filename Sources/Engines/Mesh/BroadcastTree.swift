import Core

/// What a node remembers of records that travel along the tree: who brought which, and which were announced only.
///
/// Source: Leitão, Pereira, Rodrigues, "Epidemic Broadcast Trees" (Plumtree), SRDS 2007, section 3. An announcement (IHAVE)
/// is an inventory without buckets, and a GRAFT is a request for records, so that versions of Holdfast that know no tree
/// understand both. The tree is not optimized by hop counts (section 3.8).
struct BroadcastTree: Sendable {
    private struct Missing: Sendable {
        var version: UInt64
        /// Who announced it first.
        let announcer: NodeID
        var sources: [NodeID]
        var deadline: Instant
        var grafts = 0
    }

    /// Records whose bringer is remembered.
    static let broughtMax = 512
    /// Announced records that are waited for; more are left to the comparison of records.
    static let missingMax = 1_024
    /// Of these the ones that one neighbour announced first, so that one alone cannot keep the others' out.
    static let missingPerNeighbourMax = missingMax / 4
    /// Announcements that wait for their message.
    static let announcementsMax = 4_096
    static let sourcesMax = 4
    /// How often a record is asked for before that is left to the comparison of records.
    static let graftsMax = 8

    private var brought: [UInt64: (version: UInt64, by: NodeID)] = [:]
    private var broughtOrder: [UInt64] = []
    private var missing: [UInt64: Missing] = [:]
    private var missingByAnnouncer: [NodeID: Int] = [:]
    private(set) var announcements: [InventoryEntry] = []
    /// When announcements go out, and when the first announced record is asked for.
    private(set) var nextAnnouncements: Instant?
    private(set) var nextGraft: Instant?

    /// A record came along the tree for the first time.
    mutating func note(_ keyHash: UInt64, _ version: UInt64, broughtBy node: NodeID) {
        if brought.updateValue((version, node), forKey: keyHash) == nil {
            broughtOrder.append(keyHash)
            if broughtOrder.count > Self.broughtMax { brought[broughtOrder.removeFirst()] = nil }
        }
    }

    /// Whether this record had come along the tree from somebody else.
    func wasBrought(_ keyHash: UInt64, _ version: UInt64, byOtherThan node: NodeID) -> Bool {
        guard let first = brought[keyHash] else { return false }
        return first.version == version && first.by != node
    }

    mutating func announce(_ entry: InventoryEntry, at instant: Instant) {
        guard announcements.count < Self.announcementsMax else { return }
        announcements.append(entry)
        if nextAnnouncements == nil { nextAnnouncements = instant }
    }

    mutating func takeAnnouncements() -> [InventoryEntry] {
        defer { (announcements, nextAnnouncements) = ([], nil) }
        return announcements
    }

    /// A neighbour has a record that has not come yet: it gets the time until `deadline`.
    mutating func expect(_ entry: InventoryEntry, from node: NodeID, deadline: Instant) {
        guard var known = missing[entry.keyHash] else {
            let announced = missingByAnnouncer[node] ?? 0
            guard missing.count < Self.missingMax, announced < Self.missingPerNeighbourMax else { return }
            missingByAnnouncer[node] = announced + 1
            missing[entry.keyHash] = Missing(
                version: entry.version,
                announcer: node,
                sources: [node],
                deadline: deadline
            )
            nextGraft = min(nextGraft ?? deadline, deadline)
            return
        }
        guard known.version <= entry.version else { return }
        // Who announced an earlier version stays a source: a version that nobody has could be announced to get rid of it.
        let others = known.sources.filter { $0 != node }
        let sources = known.version < entry.version ? [node] + others : others + [node]
        known.sources = Array(sources.prefix(Self.sourcesMax))
        known.version = entry.version
        missing[entry.keyHash] = known
    }

    private mutating func giveUp(_ hash: UInt64) {
        guard let announcer = missing.removeValue(forKey: hash)?.announcer else { return }
        let left = (missingByAnnouncer[announcer] ?? 0) - 1
        missingByAnnouncer[announcer] = left > 0 ? left : nil
    }

    /// What to ask of whom now, sorted; each is asked of the next that announced it if it does not come by `retry`.
    mutating func dueGrafts(
        now: Instant,
        retry: Instant,
        isKnown: (UInt64, UInt64) -> Bool
    ) -> [(node: NodeID, hashes: [UInt64])] {
        var wanted: [NodeID: [UInt64]] = [:]
        for (hash, item) in missing where item.deadline <= now {
            var item = item
            guard !isKnown(hash, item.version), item.grafts < Self.graftsMax else {
                giveUp(hash)
                continue
            }
            wanted[item.sources[item.grafts % item.sources.count], default: []].append(hash)
            item.grafts += 1
            item.deadline = retry
            missing[hash] = item
        }
        nextGraft = missing.values.map(\.deadline).min()
        return wanted.sorted { $0.key < $1.key }.map { ($0.key, $0.value.sorted()) }
    }
}
