import Core
import Mesh

/// Many nodes' mesh engines, unchanged, in one thread under one seed and one virtual clock.
public struct SimulatedMesh {
    /// What a node keeps on disk, so that it can be restarted.
    public struct Node: Sendable {
        public let identity: MeshMachine.Identity
        public var machine: MeshMachine
        public var stored: [RecordKey: (version: UInt64, bytes: [UInt8])] = [:]
        /// How far this node's own clock is off.
        public var clockError = Duration.zero
        var wake: Instant
    }

    public private(set) var now = Instant(milliseconds: 1_800_000_000_000)
    public var network: SimulatedNetwork
    public private(set) var nodes = SimulatedNodes()
    public let genesis: GenesisRecord
    public let parameters: MeshParameters
    /// Whether nodes keep on disk what they know, so that they can be restarted.
    public var keepsRecords = true
    /// What is counted; `nil` counts nothing.
    public var watch: MeshWatch?
    var rng: SplitMix64
    private var wakes = WakeQueue()
    private let judge: any RecordJudging
    /// Verifies each record once for all nodes.
    private let decoder: any RecordDecoding

    /// Founds a mesh of one node.
    public init(
        seed: UInt64,
        founder: MeshMachine.Identity,
        parameters: MeshParameters = MeshParameters(),
        judge: any RecordJudging = NoOtherRecords(),
        decoder: any RecordDecoding = VerifyingDecoder()
    ) {
        rng = SplitMix64(seed: seed)
        network = SimulatedNetwork(seed: seed &+ 1)
        self.parameters = parameters
        self.judge = judge
        self.decoder = decoder
        genesis = GenesisRecord(founder: founder.operator, now: now, using: &rng)
        start(founder, contacts: [:], admission: nil, clockError: .zero)
    }

    // MARK: - What happens to nodes

    /// A new node joins with an invitation of `inviter`.
    public mutating func join(
        _ identity: MeshMachine.Identity,
        invitedBy inviter: NodeID,
        clockError: Duration = .zero
    ) {
        guard let host = nodes[inviter] else { preconditionFailure("nobody of this name to invite") }
        let invitation = Invitation(
            genesis: genesis,
            node: inviter,
            locators: host.identity.claims.locators,
            issuer: host.identity.operator,
            using: &rng
        )
        let isNew = !host.machine.isAdmitted(identity.operator.id)
        let admission = isNew ? invitation.admission(of: identity.operator, now: now + clockError) : nil
        start(identity, contacts: [inviter: invitation.locators], admission: admission, clockError: clockError)
    }

    /// A node with this identity and these contacts starts, admitted or not.
    public mutating func start(
        _ identity: MeshMachine.Identity,
        contacts: [NodeID: [Locator]],
        admission: AdmissionRecord?,
        clockError: Duration
    ) {
        let fresh = machine(identity, contacts: contacts, clockError: clockError)
        let number = add(Node(identity: identity, machine: fresh, clockError: clockError, wake: now))
        perform(at: number) { $0.start(admission: admission, now: $1, using: &$2) }
    }

    /// A machine that knows nothing yet.
    func machine(
        _ identity: MeshMachine.Identity,
        contacts: [NodeID: [Locator]] = [:],
        clockError: Duration
    ) -> MeshMachine {
        var machine = MeshMachine(
            genesis: genesis,
            identity: identity,
            parameters: parameters,
            judge: judge,
            contacts: contacts,
            now: now + clockError
        )
        machine.decoder = decoder
        return machine
    }

    /// Puts a node, new or known, into the mesh and switches it on.
    mutating func add(_ node: Node) -> Int {
        let number = nodes.set(node)
        network.up.insert(node.identity.node.id)
        wakes.set(number, at: node.wake)
        return number
    }

    /// A node dies without a word.
    public mutating func kill(_ id: NodeID) {
        network.up.remove(id)
    }

    /// A killed node starts again with what it had stored.
    public mutating func restart(_ id: NodeID) {
        guard let old = nodes[id] else { preconditionFailure("nobody of this name to restart") }
        let local = now + old.clockError
        var fresh = old
        fresh.machine = machine(old.identity, clockError: old.clockError)
        fresh.wake = now
        let remembered = old.stored.sorted { $0.key < $1.key }.map { ($0.key, $0.value.version, $0.value.bytes) }
        _ = fresh.machine.remember(remembered, now: local)
        perform(at: add(fresh)) { $0.start(now: $1, using: &$2) }
    }

    /// Somebody authenticated as `from` says `bytes` to `to`.
    public mutating func inject(_ bytes: [UInt8], from: NodeID, to: NodeID) {
        guard let number = nodes.number(of: to) else { return }
        perform(at: number) { $0.handle(bytes, from: from, address: nil, now: $1, using: &$2) }
    }

    /// A node spreads a record of its own.
    public mutating func submit(_ kind: RecordKind, _ bytes: [UInt8], at id: NodeID) {
        guard let number = nodes.number(of: id) else { return }
        perform(at: number) { (try? $0.submit(kind, bytes, now: $1, using: &$2)) ?? [] }
    }

    // MARK: - Time

    /// Runs until `end`, or until `condition` holds.
    ///
    /// - Returns: Whether the condition came to hold.
    @discardableResult
    public mutating func run(for duration: Duration, until condition: (SimulatedMesh) -> Bool = { _ in false }) -> Bool
    {
        let end = now + duration
        while now < end {
            if condition(self) { return true }
            let next = min(network.nextArrival ?? end, wakes.next ?? end)
            now = min(end, max(now + .milliseconds(1), next))
            for packet in network.arrivals(now: now) { inject(packet.bytes, from: packet.from, to: packet.to) }
            for number in wakes.due(at: now) where nodes.values[number].wake <= now {
                perform(at: number) { $0.tick(now: $1, using: &$2) }
            }
        }
        return condition(self)
    }

    // MARK: - What can be asked

    /// The nodes that run.
    public var running: [NodeID] { network.up.sorted() }

    /// Whether every running node knows exactly the running ones as alive.
    public var agreesOnTheLiving: Bool {
        running.allSatisfy { id in
            let alive = nodes[id]?.machine.members.filter(\.isAlive).map(\.node) ?? []
            return Set(alive) == network.up.subtracting([id])
        }
    }

    // MARK: - Effects

    typealias Event = (inout MeshMachine, Instant, inout SplitMix64) -> [MeshEffect]

    /// Gives a node that runs an event, and performs what follows from it.
    mutating func perform(at number: Int, _ event: Event) {
        let (id, clockError) = (nodes.values[number].identity.node.id, nodes.values[number].clockError)
        guard network.up.contains(id) else { return }
        watch?.events += 1
        var pending = event(&nodes.values[number].machine, now + clockError, &rng)
        while !pending.isEmpty {
            var refused: [NodeID] = []
            for effect in pending { apply(effect, of: id, at: number, refused: &refused) }
            pending = refused.flatMap {
                nodes.values[number].machine.handleUnreachable($0, now: now + clockError, using: &rng)
            }
        }
    }

    private mutating func apply(_ effect: MeshEffect, of id: NodeID, at number: Int, refused: inout [NodeID]) {
        switch effect {
        case .send(let bytes, let to):
            let fate = network.send(.init(from: id, to: to, bytes: bytes), now: now)
            if case .refused = fate { refused.append(to) }
        case .stored(let header, let bytes):
            watch?.stored(header, bytes, at: number, now: now)
            if keepsRecords { nodes.values[number].stored[header.key] = (header.version, bytes) }
        case .forgotten(let key): nodes.values[number].stored[key] = nil
        case .memberChanged(let member):
            guard watch != nil, let status = nodes.values[number].machine.status(of: member),
                let subject = nodes.number(of: member)
            else { return }
            let isReachable =
                network.up.contains(member) && network.partition.contains(id) == network.partition.contains(member)
            watch?.observed(subject, status, isReachable: isReachable, by: number)
            if status == .dead { watch?.sawDeath(of: member, at: number, now: now) }
        case .wake(let at):
            let wake = at - nodes.values[number].clockError
            guard wake != nodes.values[number].wake || wake <= now else { return }
            nodes.values[number].wake = wake
            wakes.set(number, at: max(wake, now + .milliseconds(1)))
        }
    }
}

/// A mesh that carries nothing but admissions and nodes.
public struct NoOtherRecords: RecordJudging {
    public init() {}

    public func judge(
        _ kind: RecordKind,
        _ bytes: [UInt8],
        now: Instant,
        operatorOf: (NodeID) -> OperatorID?,
        isAdmitted: (OperatorID) -> Bool
    ) throws(MeshError) -> RecordHeader {
        throw MeshError(.malformed, "record kind \(kind.code) is not known here")
    }
}
