import Core

/// The records of a mesh that this node believes: in each slot the highest version, every one verified.
struct Directory: Sendable {
    struct Entry: Sendable {
        let header: RecordHeader
        let bytes: [UInt8]
        let keyHash: UInt64
    }

    private(set) var entries: [RecordKey: Entry] = [:]
    private(set) var nodes: [NodeID: NodeRecord] = [:]
    private(set) var admitted: Set<OperatorID>
    private(set) var summary = RecordSummary()
    private var keysByHash: [UInt64: RecordKey] = [:]
    private var countBySponsor: [OperatorID: (records: Int, nodes: Int)] = [:]

    init(founder: OperatorID) {
        admitted = [founder]
    }

    func entry(_ key: RecordKey) -> Entry? { entries[key] }

    func entry(hash: UInt64) -> Entry? { keysByHash[hash].flatMap { entries[$0] } }

    /// Whether a record of this sponsor may take another slot.
    func hasRoom(for header: RecordHeader) -> Bool {
        guard entries[header.key] == nil else { return true }
        let count = countBySponsor[header.sponsor] ?? (0, 0)
        let nodeRoom = header.key.kind != .node || count.nodes < MeshLimits.nodesPerSponsorMax
        return nodeRoom && count.records < MeshLimits.recordsPerSponsorMax && entries.count < MeshLimits.recordsMax
    }

    mutating func store(_ header: RecordHeader, _ bytes: [UInt8], node: NodeRecord? = nil, admits: OperatorID? = nil) {
        remove(header.key)
        let entry = Entry(header: header, bytes: bytes, keyHash: RecordSummary.hash(of: header.key))
        entries[header.key] = entry
        keysByHash[entry.keyHash] = header.key
        summary.toggle(keyHash: entry.keyHash, version: header.version)
        adjust(header, by: 1)
        if let node { nodes[node.node] = node }
        if let admits { admitted.insert(admits) }
    }

    /// Forgets a record; an admitted operator stays admitted.
    mutating func remove(_ key: RecordKey) {
        guard let old = entries.removeValue(forKey: key) else { return }
        keysByHash[old.keyHash] = nil
        summary.toggle(keyHash: old.keyHash, version: old.header.version)
        adjust(old.header, by: -1)
        if key.kind == .node, let node = try? NodeID(key.subject) { nodes[node] = nil }
    }

    /// Keys of records that have expired, sorted.
    func expired(now: Instant) -> [RecordKey] {
        entries.values.filter { $0.header.expires <= now }.map(\.header.key).sorted()
    }

    private mutating func adjust(_ header: RecordHeader, by step: Int) {
        var count = countBySponsor[header.sponsor] ?? (0, 0)
        count.records += step
        if header.key.kind == .node { count.nodes += step }
        countBySponsor[header.sponsor] = count.records == 0 ? nil : count
    }
}
