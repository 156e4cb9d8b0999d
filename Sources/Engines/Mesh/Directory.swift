import Core
import HashTreeCollections

/// The records of a mesh that this node believes: in each slot the highest version, every one verified.
///
/// Looking up, storing and removing cost O(log n). Copies share what they have in common, so that a simulation can hold
/// ten thousand directories of ten thousand nodes each.
struct Directory: Sendable {
    /// One record.
    final class Entry: Sendable {
        let header: RecordHeader
        let bytes: [UInt8]
        let keyHash: UInt64
        /// What the record says, where it is a node's.
        let node: NodeRecord?

        init(_ header: RecordHeader, _ bytes: [UInt8], node: NodeRecord?) {
            self.header = header
            self.bytes = bytes
            keyHash = RecordSummary.hash(of: header.key)
            self.node = node
        }
    }

    private struct SponsorCount: Sendable {
        var records = 0
        var nodes = 0
    }

    private(set) var entries: TreeDictionary<RecordKey, Entry> = [:]
    private(set) var admitted: TreeSet<OperatorID>
    private(set) var summary = RecordSummary()
    private(set) var nodeCount = 0
    /// Keys by their hash, in the buckets of the summary.
    private var keysByHash: [TreeDictionary<UInt64, RecordKey>]
    private var countBySponsor: TreeDictionary<OperatorID, SponsorCount> = [:]
    private var expiries = ExpiryIndex()

    init(founder: OperatorID) {
        admitted = [founder]
        keysByHash = Array(repeating: [:], count: RecordSummary.bucketCount)
    }

    func entry(_ key: RecordKey) -> Entry? { entries[key] }

    func entry(hash: UInt64) -> Entry? {
        keysByHash[RecordSummary.bucket(of: hash)][hash].flatMap { entries[$0] }
    }

    func node(_ id: NodeID) -> NodeRecord? { entries[NodeRecord.key(of: id)]?.node }

    /// All records of one bucket of the summary, in the order of their key hashes.
    func entries(inBucket bucket: Int) -> [Entry] {
        keysByHash[bucket].sorted { $0.key < $1.key }.compactMap { entries[$0.value] }
    }

    /// Whether a record of this sponsor may take another slot.
    func hasRoom(for header: RecordHeader) -> Bool {
        guard entries[header.key] == nil else { return true }
        let count = countBySponsor[header.sponsor] ?? SponsorCount()
        let nodeRoom = header.key.kind != .node || count.nodes < MeshLimits.nodesPerSponsorMax
        return nodeRoom && count.records < MeshLimits.recordsPerSponsorMax && entries.count < MeshLimits.recordsMax
    }

    mutating func store(_ header: RecordHeader, _ bytes: [UInt8], node: NodeRecord? = nil, admits: OperatorID? = nil) {
        remove(header.key)
        let entry = Entry(header, bytes, node: node)
        entries[header.key] = entry
        keysByHash[RecordSummary.bucket(of: entry.keyHash)][entry.keyHash] = header.key
        summary.toggle(keyHash: entry.keyHash, version: header.version)
        expiries.insert(header)
        adjust(header, by: 1)
        if node != nil { nodeCount += 1 }
        if let admits { admitted.insert(admits) }
    }

    /// Forgets a record; an admitted operator stays admitted.
    mutating func remove(_ key: RecordKey) {
        guard let old = entries.removeValue(forKey: key) else { return }
        keysByHash[RecordSummary.bucket(of: old.keyHash)][old.keyHash] = nil
        summary.toggle(keyHash: old.keyHash, version: old.header.version)
        expiries.remove(old.header)
        adjust(old.header, by: -1)
        if old.node != nil { nodeCount -= 1 }
    }

    /// Forgets the records that have expired.
    ///
    /// - Returns: Their keys, sorted.
    mutating func removeExpired(now: Instant) -> [RecordKey] {
        let expired = expiries.candidates(now: now).filter { entries[$0].map { $0.header.expires <= now } ?? false }
            .sorted()
        for key in expired { remove(key) }
        expiries.settle(now: now)
        return expired
    }

    private mutating func adjust(_ header: RecordHeader, by step: Int) {
        var count = countBySponsor[header.sponsor] ?? SponsorCount()
        count.records += step
        if header.key.kind == .node { count.nodes += step }
        countBySponsor[header.sponsor] = count.records == 0 ? nil : count
    }
}

/// Which records end in which minute, so that nobody looks through all of them.
private struct ExpiryIndex: Sendable {
    private var keysByMinute: TreeDictionary<Int64, TreeSet<RecordKey>> = [:]
    /// No key is in an earlier minute.
    private var first = Int64.max

    private static func minute(_ instant: Instant) -> Int64 { instant.milliseconds / 60_000 }

    mutating func insert(_ header: RecordHeader) {
        guard header.expires.milliseconds < .max else { return }
        let minute = Self.minute(header.expires)
        keysByMinute[minute, default: []].insert(header.key)
        first = min(first, minute)
    }

    mutating func remove(_ header: RecordHeader) {
        let minute = Self.minute(header.expires)
        guard keysByMinute[minute] != nil else { return }
        keysByMinute[minute]?.remove(header.key)
        if keysByMinute[minute]?.isEmpty ?? false { keysByMinute[minute] = nil }
        if keysByMinute.isEmpty { first = .max }
    }

    /// Everything that had ended by now was removed.
    mutating func settle(now: Instant) {
        if first < .max { first = max(first, Self.minute(now)) }
    }

    /// Keys in minutes that have begun; looks at no more minutes than have passed or than there are.
    func candidates(now: Instant) -> [RecordKey] {
        let last = Self.minute(now)
        guard first <= last else { return [] }
        let (span, overflow) = last.subtractingReportingOverflow(first)
        if !overflow, span < Int64(keysByMinute.count) {
            return (first...last).flatMap { keysByMinute[$0].map(Array.init) ?? [] }
        }
        return keysByMinute.filter { $0.key <= last }.flatMap { Array($0.value) }
    }
}
