import Core

extension MeshMachine {
    /// Every other node in the directory, in key order.
    public var members: [Member] {
        observations.keys.sorted().compactMap(member)
    }

    /// Another node, or this one; this one is always alive.
    public func member(_ id: NodeID) -> Member? {
        guard let record = directory.nodes[id] else { return nil }
        let own = NodeObservation(status: .alive, since: record.issued, incarnation: incarnation)
        guard let observation = id == node ? own : observations[id] else { return nil }
        return Member(node: id, operator: record.operator, claims: record.claims, observation: observation)
    }

    /// Where a node may be reached: by its record, or by the invitation that named it.
    public func locators(of id: NodeID) -> [Locator] {
        directory.nodes[id]?.claims.locators ?? contacts[id] ?? formerContacts[id] ?? []
    }

    /// The operator that certified a node.
    public func operatorOf(_ id: NodeID) -> OperatorID? { directory.nodes[id]?.operator }

    public func isAdmitted(_ operator: OperatorID) -> Bool { directory.admitted.contains(`operator`) }

    /// A record as it was signed.
    public func record(_ key: RecordKey) -> [UInt8]? { directory.entry(key)?.bytes }

    /// All records of a kind, in key order.
    public func records(of kind: RecordKind) -> [(header: RecordHeader, bytes: [UInt8])] {
        directory.entries.values.filter { $0.header.key.kind == kind }
            .sorted { $0.header.key < $1.header.key }
            .map { ($0.header, $0.bytes) }
    }

    public var recordCount: Int { directory.entries.count }

    public var aliveCount: Int { observations.values.count { $0.status == .alive } }

    /// The operator's admission of this node, `nil` for the founder.
    public var ownAdmission: [UInt8]? { record(AdmissionRecord.key(of: identity.operator.id)) }
}
