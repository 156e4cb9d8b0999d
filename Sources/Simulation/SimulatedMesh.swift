import Core
import Mesh

/// Many nodes' mesh engines, unchanged, in one thread under one seed and one virtual clock.
public struct SimulatedMesh {
    /// What a node keeps on disk, so that it can be restarted.
    public struct Node {
        public let identity: MeshMachine.Identity
        public var machine: MeshMachine
        public var stored: [RecordKey: (version: UInt64, bytes: [UInt8])] = [:]
        /// How far this node's own clock is off.
        public var clockError = Duration.zero
        var wake: Instant
    }

    public private(set) var now = Instant(milliseconds: 1_800_000_000_000)
    public var network: SimulatedNetwork
    public private(set) var nodes: [NodeID: Node] = [:]
    public let genesis: GenesisRecord
    public let parameters: MeshParameters
    private var rng: SplitMix64
    private let judge: any RecordJudging

    /// Founds a mesh of one node.
    public init(
        seed: UInt64,
        founder: MeshMachine.Identity,
        parameters: MeshParameters = MeshParameters(),
        judge: any RecordJudging = NoOtherRecords()
    ) {
        rng = SplitMix64(seed: seed)
        network = SimulatedNetwork(seed: seed &+ 1)
        self.parameters = parameters
        self.judge = judge
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
        let id = identity.node.id
        let local = now + clockError
        let machine = MeshMachine(
            genesis: genesis,
            identity: identity,
            parameters: parameters,
            judge: judge,
            contacts: contacts,
            now: local
        )
        nodes[id] = Node(identity: identity, machine: machine, clockError: clockError, wake: now)
        network.up.insert(id)
        perform { machine, now, rng in machine.start(admission: admission, now: now, using: &rng) }(&self, id)
    }

    /// A node dies without a word.
    public mutating func kill(_ id: NodeID) {
        network.up.remove(id)
    }

    /// A killed node starts again with what it had stored.
    public mutating func restart(_ id: NodeID) {
        guard let old = nodes[id] else { preconditionFailure("nobody of this name to restart") }
        let local = now + old.clockError
        var machine = MeshMachine(
            genesis: genesis,
            identity: old.identity,
            parameters: parameters,
            judge: judge,
            now: local
        )
        let remembered = old.stored.sorted { $0.key < $1.key }.map { ($0.key, $0.value.version, $0.value.bytes) }
        _ = machine.remember(remembered, now: local)
        nodes[id]?.machine = machine
        nodes[id]?.wake = now
        network.up.insert(id)
        perform { machine, now, rng in machine.start(now: now, using: &rng) }(&self, id)
    }

    /// Somebody authenticated as `from` says `bytes` to `to`.
    public mutating func inject(_ bytes: [UInt8], from: NodeID, to: NodeID) {
        perform { machine, now, rng in
            machine.handle(bytes, from: from, address: nil, now: now, using: &rng)
        }(&self, to)
    }

    /// A node spreads a record of its own.
    public mutating func submit(_ kind: RecordKind, _ bytes: [UInt8], at id: NodeID) {
        perform { machine, now, rng in
            (try? machine.submit(kind, bytes, now: now, using: &rng)) ?? []
        }(&self, id)
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
            let wakes = network.up.compactMap { nodes[$0]?.wake }
            now = min(end, max(now + .milliseconds(1), ([network.nextArrival].compactMap(\.self) + wakes).min() ?? end))
            for packet in network.arrivals(now: now) { inject(packet.bytes, from: packet.from, to: packet.to) }
            for id in network.up.sorted() where (nodes[id]?.wake ?? end) <= now {
                perform { machine, now, rng in machine.tick(now: now, using: &rng) }(&self, id)
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

    private typealias Event = (inout MeshMachine, Instant, inout SplitMix64) -> [MeshEffect]

    private func perform(_ event: @escaping Event) -> (inout SimulatedMesh, NodeID) -> Void {
        { mesh, id in
            guard var node = mesh.nodes[id], mesh.network.up.contains(id) else { return }
            var pending = event(&node.machine, mesh.now + node.clockError, &mesh.rng)
            while !pending.isEmpty {
                var refused: [NodeID] = []
                for effect in pending { mesh.apply(effect, of: id, to: &node, refused: &refused) }
                pending = refused.flatMap {
                    node.machine.handleUnreachable($0, now: mesh.now + node.clockError, using: &mesh.rng)
                }
            }
            mesh.nodes[id] = node
        }
    }

    private mutating func apply(_ effect: MeshEffect, of id: NodeID, to node: inout Node, refused: inout [NodeID]) {
        switch effect {
        case .send(let bytes, let to):
            let fate = network.send(.init(from: id, to: to, bytes: bytes), now: now)
            if case .refused = fate { refused.append(to) }
        case .stored(let header, let bytes): node.stored[header.key] = (header.version, bytes)
        case .forgotten(let key): node.stored[key] = nil
        case .memberChanged: break
        case .wake(let at): node.wake = at - node.clockError
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
