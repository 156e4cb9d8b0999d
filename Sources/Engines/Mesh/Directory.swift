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
        /// The minute in which this record is looked at for its end; not later than the end.
        let reviewMinute: Int64

        init(_ header: RecordHeader, _ bytes: [UInt8], keyHash: UInt64, node: NodeRecord?, reviewMinute: Int64) {
            self.header = header
            self.bytes = bytes
            self.keyHash = keyHash
            self.node = node
            self.reviewMinute = reviewMinute
        }

        func reviewed(in minute: Int64) -> Entry {
            Entry(header, bytes, keyHash: keyHash, node: node, reviewMinute: minute)
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
    /// Operators that have a node.
    private(set) var operatorCount = 0
    private var countByNetwork: TreeDictionary<NetworkPrefix, Int> = [:]
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

    /// Nodes of an operator.
    func nodeCount(of operator: OperatorID) -> Int { countBySponsor[`operator`]?.nodes ?? 0 }

    /// Networks in which nodes say that they can be reached.
    var networkCount: Int { countByNetwork.count }

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
        if let admits { admitted.insert(admits) }
        let end = ExpiryIndex.minute(header.expires)
        if let old = entries[header.key] {
            if old.header.sponsor == header.sponsor, (old.node == nil) == (node == nil), old.reviewMinute <= end {
                replace(old, header, bytes, node)
                return
            }
            remove(header.key)
        }
        let keyHash = RecordSummary.hash(of: header.key)
        entries[header.key] = Entry(header, bytes, keyHash: keyHash, node: node, reviewMinute: end)
        keysByHash[RecordSummary.bucket(of: keyHash)][keyHash] = header.key
        summary.toggle(keyHash: keyHash, version: header.version)
        expiries.insert(header.key, in: end)
        adjust(header, by: 1)
        if let node {
            nodeCount += 1
            adjust(node.network, by: 1)
        }
    }

    /// The usual renewal: only what depends on the version changes, so that copies go on sharing everything else.
    private mutating func replace(_ old: Entry, _ header: RecordHeader, _ bytes: [UInt8], _ node: NodeRecord?) {
        entries[header.key] = Entry(
            header,
            bytes,
            keyHash: old.keyHash,
            node: node,
            reviewMinute: old.reviewMinute
        )
        summary.toggle(keyHash: old.keyHash, version: old.header.version)
        summary.toggle(keyHash: old.keyHash, version: header.version)
        guard old.node?.network != node?.network else { return }
        adjust(old.node?.network, by: -1)
        adjust(node?.network, by: 1)
    }

    /// Forgets a record; an admitted operator stays admitted.
    mutating func remove(_ key: RecordKey) {
        guard let old = entries.removeValue(forKey: key) else { return }
        keysByHash[RecordSummary.bucket(of: old.keyHash)][old.keyHash] = nil
        summary.toggle(keyHash: old.keyHash, version: old.header.version)
        expiries.remove(key, from: old.reviewMinute)
        adjust(old.header, by: -1)
        guard let node = old.node else { return }
        nodeCount -= 1
        adjust(node.network, by: -1)
    }

    /// Forgets the records that have expired.
    ///
    /// - Returns: Their keys, sorted.
    mutating func removeExpired(now: Instant) -> [RecordKey] {
        var expired: [RecordKey] = []
        for key in expiries.candidates(now: now) {
            guard let entry = entries[key] else { continue }
            let end = ExpiryIndex.minute(entry.header.expires)
            if entry.header.expires <= now {
                expired.append(key)
            } else if end != entry.reviewMinute {
                // It was renewed since.
                expiries.remove(key, from: entry.reviewMinute)
                expiries.insert(key, in: end)
                entries[key] = entry.reviewed(in: end)
            }
        }
        expired.sort()
        for key in expired { remove(key) }
        expiries.settle(now: now)
        return expired
    }

    private mutating func adjust(_ header: RecordHeader, by step: Int) {
        var count = countBySponsor[header.sponsor] ?? SponsorCount()
        count.records += step
        if header.key.kind == .node {
            let had = count.nodes > 0
            count.nodes += step
            operatorCount += (count.nodes > 0 ? 1 : 0) - (had ? 1 : 0)
        }
        countBySponsor[header.sponsor] = count.records == 0 ? nil : count
    }

    private mutating func adjust(_ network: NetworkPrefix?, by step: Int) {
        guard let network else { return }
        let count = (countByNetwork[network] ?? 0) + step
        countByNetwork[network] = count == 0 ? nil : count
    }
}

/// Which records are looked at for their end in which minute, so that nobody looks through all of them.
///
/// A record that is renewed stays where it is until that minute comes.
private struct ExpiryIndex: Sendable {
    private var keysByMinute: TreeDictionary<Int64, TreeSet<RecordKey>> = [:]
    /// No key is in an earlier minute.
    private var first = Int64.max

    /// The minute of an instant; what never ends has one that never comes.
    static func minute(_ instant: Instant) -> Int64 {
        instant.milliseconds == .max ? .max : instant.milliseconds / 60_000
    }

    mutating func insert(_ key: RecordKey, in minute: Int64) {
        guard minute < .max else { return }
        keysByMinute[minute, default: []].insert(key)
        first = min(first, minute)
    }

    mutating func remove(_ key: RecordKey, from minute: Int64) {
        guard keysByMinute[minute] != nil else { return }
        keysByMinute[minute]?.remove(key)
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
