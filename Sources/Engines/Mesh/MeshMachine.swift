import Core

/// A node's part in a mesh: directory, gossip and failure detection behind one set of events.
///
/// Events come in as method calls, effects go out as values. Messages may be lost, reordered and repeated; whoever
/// delivers one has authenticated its sender. The caller performs the effects in order.
public struct MeshMachine: Sendable {
    /// Who this node is, and what it says about itself.
    public struct Identity: Sendable {
        public let node: SigningKey<NodeRole>
        public let `operator`: SigningKey<OperatorRole>
        public var claims: NodeClaims

        public init(node: SigningKey<NodeRole>, operator: SigningKey<OperatorRole>, claims: NodeClaims) {
            self.node = node
            self.operator = `operator`
            self.claims = claims
        }
    }

    public let genesis: GenesisRecord
    public let mesh: CID
    public let parameters: MeshParameters
    public internal(set) var counters = MeshCounters()
    /// Digests of records that are refused unseen, whoever sends them; see ``digest(of:_:)``.
    public var quarantined: Set<Digest> = []
    /// Decodes and verifies admissions and nodes.
    public var decoder: any RecordDecoding = VerifyingDecoder()
    /// Is told which record is being processed.
    public var watcher: (any RecordWatching)?

    var identity: Identity
    let judge: any RecordJudging
    let spreading: RandomFanout
    var directory: Directory
    var observations = MemberTable()
    var probes: ProbeMachine
    var clocks = PeerClocks()
    /// Other nodes of which records were taken back, whether they still count or not.
    private var rememberedNodes = 0
    var waiting: [WireRecord] = []
    var contacts: [NodeID: [Locator]] = [:]
    /// Where nodes were whose records have ended while this one was away; asked while nobody answers.
    var formerContacts: [NodeID: [Locator]] = [:]
    var updates = UpdateQueue()
    var overlay: OverlayState
    var relays = ProbeRelays()
    var incarnation: UInt64
    var nextAnnouncement: Instant
    var nextComparison: Instant
    var nextContact: Instant
    var nextExpiry: Instant
    var announcedOffset = Duration.zero
    var hasStarted = false

    public var node: NodeID { identity.node.id }

    /// - Parameters:
    ///   - contacts: Nodes and locators of invitations.
    public init(
        genesis: GenesisRecord,
        identity: Identity,
        parameters: MeshParameters = MeshParameters(),
        judge: any RecordJudging,
        contacts: [NodeID: [Locator]] = [:],
        now: Instant
    ) {
        self.genesis = genesis
        mesh = genesis.mesh
        self.parameters = parameters
        self.identity = identity
        self.judge = judge
        spreading = RandomFanout(fanout: parameters.gossipFanout, directPushMax: parameters.directPushMax)
        directory = Directory(founder: genesis.founder)
        probes = ProbeMachine(parameters: parameters, now: now)
        for (node, locators) in contacts.sorted(by: { $0.key < $1.key }).prefix(MeshLimits.contactsMax) {
            self.contacts[node] = locators
        }
        incarnation = UInt64(clamping: now.milliseconds)
        overlay = OverlayState(nextLink: now, nextRollCall: now)
        nextAnnouncement = now
        nextComparison = now
        nextContact = now
        nextExpiry = now + .seconds(60)
    }

    // MARK: - Events

    /// Takes back records that were stored before; all are verified again. Call before ``start(admission:now:using:)``.
    ///
    /// - Returns: The effects, among them nothing to send.
    public mutating func remember(
        _ records: [(key: RecordKey, version: UInt64, bytes: [UInt8])],
        now: Instant
    ) -> [MeshEffect] {
        var effects: [MeshEffect] = []
        let wired = records.map { WireRecord(key: $0.key, version: $0.version, bytes: $0.bytes) }
        _ = acceptAll(wired, now: meshNow(now), effects: &effects)
        rememberedNodes = records.count { $0.key.kind == .node && $0.key.subject != node.bytes }
        return effects
    }

    /// Announces this node; an own admission goes first where there is one.
    public mutating func start(
        admission: AdmissionRecord? = nil,
        now: Instant,
        using rng: inout some RandomNumberGenerator
    ) -> [MeshEffect] {
        hasStarted = true
        var effects: [MeshEffect] = []
        if let admission {
            let record = WireRecord(
                key: admission.header.key,
                version: admission.header.version,
                bytes: admission.bytes
            )
            store(admission.header, record, admits: admission.operator, effects: &effects)
        }
        effects += tick(now: now, using: &rng)
        return effects
    }

    /// Does what is due; call at the instant of the last ``MeshEffect/wake(at:)``.
    public mutating func tick(now: Instant, using rng: inout some RandomNumberGenerator) -> [MeshEffect] {
        var effects: [MeshEffect] = []
        if now >= nextAnnouncement { effects += announce(now: now, using: &rng) }
        if now >= nextExpiry { expire(now: now, effects: &effects) }
        tickOverlay(now: now, using: &rng, effects: &effects)
        probes.scope = probeScope
        perform(probes.tick(members: observations, now: now, using: &rng), now: now, effects: &effects)
        if now >= nextComparison { compare(now: now, using: &rng, effects: &effects) }
        if now >= nextContact { contactStrangers(now: now, using: &rng, effects: &effects) }
        effects.append(.wake(at: nextWake))
        return effects
    }

    /// A message of an authenticated peer arrived.
    public mutating func handle(
        _ bytes: [UInt8],
        from peer: NodeID,
        address: String?,
        now: Instant,
        using rng: inout some RandomNumberGenerator
    ) -> [MeshEffect] {
        guard peer != node else {
            counters.ownKeySeen += 1
            return []
        }
        let message: MeshMessage
        do { message = try MeshMessage(decoding: bytes) } catch {
            counters.badMessages += 1
            return []
        }
        // Strangers could outvote the mesh with as many keys as they like; the first voice is all that there is.
        let votes = isKnown(peer) || clocks.count == 0
        if votes { clocks.record(message.clock, of: peer, now: now) }
        var effects: [MeshEffect] = []
        correctOwnClock(now: now, using: &rng, effects: &effects)
        heard(from: peer, incarnation: message.incarnation, address: address, now: now, effects: &effects)
        for update in message.updates { learn(update, now: now, effects: &effects) }
        handle(message.body, from: peer, now: now, using: &rng, effects: &effects)
        // A node that was just admitted by its own message counts as heard from, and what time it says.
        if !votes, isKnown(peer) { clocks.record(message.clock, of: peer, now: now) }
        heard(from: peer, incarnation: message.incarnation, address: address, now: now, effects: &effects)
        effects.append(.wake(at: nextWake))
        return effects
    }

    /// The transport could not reach a member.
    public mutating func handleUnreachable(
        _ peer: NodeID,
        now: Instant,
        using rng: inout some RandomNumberGenerator
    ) -> [MeshEffect] {
        var effects: [MeshEffect] = []
        probes.scope = probeScope
        let found = probes.handleUnreachable(peer, members: observations, now: now, using: &rng)
        perform(found, now: now, effects: &effects)
        effects.append(.wake(at: nextWake))
        return effects
    }

    /// Spreads a record of this node's own making (a publication, a holding).
    ///
    /// - Throws: ``MeshError`` when the record would be refused by everybody.
    public mutating func submit(
        _ kind: RecordKind,
        _ bytes: [UInt8],
        now: Instant,
        using rng: inout some RandomNumberGenerator
    ) throws(MeshError) -> [MeshEffect] {
        let header = try judge.judge(
            kind,
            bytes,
            now: meshNow(now),
            operatorOf: operatorOf,
            isAdmitted: directory.admitted.contains
        )
        let record = WireRecord(key: header.key, version: header.version, bytes: bytes)
        var effects: [MeshEffect] = []
        guard (directory.entry(header.key)?.header.version ?? 0) < header.version else { return [] }
        store(header, record, effects: &effects)
        spread([record], from: nil, now: now, using: &rng, effects: &effects)
        return effects
    }

    /// Whether a peer is a member, or somebody from whom this node learnt of the mesh.
    func isKnown(_ peer: NodeID) -> Bool {
        directory.node(peer) != nil || contacts[peer] != nil || formerContacts[peer] != nil
    }

    // MARK: - Time

    /// The time by the mesh's clocks.
    public func meshNow(_ now: Instant) -> Instant { now + clocks.offset }

    /// How far this node's clock is behind the mesh's.
    public var clockOffset: Duration { clocks.offset }

    /// The time by which something may be given up for good; `nil` while too few peers have said what time it is.
    ///
    /// Three peers outvote one whose clock is off, as two and this node do. In a mesh of fewer nobody can tell who is
    /// right, and the earlier clock counts: what is kept too long does no harm.
    public func certainNow(_ now: Instant) -> Instant? {
        // Whom this node knew when it stopped counts too: by a wrong clock their records may seem to have ended.
        let others = max(directory.nodeCount - (directory.node(node) == nil ? 0 : 1), rememberedNodes, contacts.count)
        guard clocks.count >= min(others, Self.clocksForCertainty) else { return nil }
        return clocks.count >= 2 ? meshNow(now) : min(now, meshNow(now))
    }

    /// Peers whose clocks are asked for before anything is given up.
    static let clocksForCertainty = 3

    var nextWake: Instant {
        min(nextAnnouncement, nextOverlayWake, nextContact, nextExpiry, probes.nextWake)
    }
}
