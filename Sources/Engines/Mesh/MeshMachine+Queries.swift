import Core

extension MeshMachine {
    /// Every other node in the directory, in key order.
    public var members: [Member] {
        observations.sorted.compactMap(member)
    }

    /// Another node, or this one; this one is always alive.
    public func member(_ id: NodeID) -> Member? {
        guard let record = directory.node(id) else { return nil }
        let own = NodeObservation(status: .alive, since: record.issued, incarnation: incarnation)
        guard let observation = id == node ? own : observations[id] else { return nil }
        return Member(node: id, operator: record.operator, claims: record.claims, observation: observation)
    }

    /// Where a node may be reached: by its record, or by the invitation that named it.
    public func locators(of id: NodeID) -> [Locator] {
        directory.node(id)?.claims.locators ?? contacts[id] ?? formerContacts[id] ?? []
    }

    /// The operator that certified a node.
    public func operatorOf(_ id: NodeID) -> OperatorID? { directory.node(id)?.operator }

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

    public var aliveCount: Int { observations.aliveCount }

    /// The operator's admission of this node, `nil` for the founder.
    public var ownAdmission: [UInt8]? { record(AdmissionRecord.key(of: identity.operator.id)) }
}

/// For a simulation, which begins where a mesh has been for long.
extension MeshMachine {
    /// Takes over the directory of another node of this mesh, and believes everybody in it alive; O(log n).
    ///
    /// - Parameter issued: When this node's own record in that directory was issued.
    package mutating func adopt(_ other: MeshMachine, issued: Instant, now: Instant) {
        directory = other.directory
        observations = other.observations
        observations[node] = nil
        if other.node != node {
            observations[other.node] = NodeObservation(status: .alive, since: now, incarnation: other.incarnation)
        }
        incarnation = other.incarnation
        nextAnnouncement = issued + parameters.announcePeriod
        hasStarted = true
    }

    /// Believes every member alive.
    package mutating func believeAllAlive(now: Instant) {
        for id in observations.sorted {
            observations[id] = NodeObservation(status: .alive, since: now, incarnation: incarnation)
        }
    }

    /// Takes over the directory of its own life before a restart; nobody counts as heard.
    package mutating func remember(all former: MeshMachine) {
        directory = former.directory
        observations = former.observations
        for id in observations.sorted {
            observations[id] = NodeObservation(status: .unheard, since: .distantPast, incarnation: 0)
        }
    }

    /// Changes what this node says about itself, and tells everybody.
    package mutating func claim(
        _ claims: NodeClaims,
        now: Instant,
        using rng: inout some RandomNumberGenerator
    ) -> [MeshEffect] {
        identity.claims = claims
        return announce(now: now, using: &rng) + [.wake(at: nextWake)]
    }

    package func status(of id: NodeID) -> MemberStatus? { observations.status(id) }

    package func version(of key: RecordKey) -> UInt64? { directory.entry(key)?.header.version }
}
