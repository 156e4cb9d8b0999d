import Core

/// News about members that still has to be told, most urgent first; each is told a bounded number of times.
///
/// Source: SWIM section 4.1, piggybacked dissemination with λ log n repetitions.
struct UpdateQueue: Sendable {
    private struct Turn: Comparable, Sendable {
        let told: Int
        /// Order of entry, so that equal turns come out as they went in.
        let serial: UInt64
        let node: NodeID

        static func < (lhs: Turn, rhs: Turn) -> Bool { (lhs.told, lhs.serial) < (rhs.told, rhs.serial) }
        static func == (lhs: Turn, rhs: Turn) -> Bool { lhs.serial == rhs.serial }
    }

    private var pending: [NodeID: (update: StatusUpdate, serial: UInt64)] = [:]
    private var turns = BinaryHeap<Turn>()
    private var serial: UInt64 = 0

    /// How often news is told for each doubling of the mesh, where probes alone carry it and where a tree does too.
    static let repetitions = 3
    static let repetitionsBesideTree = 1

    mutating func add(_ update: StatusUpdate) {
        append(update, told: 0)
        if turns.count > 2 * pending.count + 64 { turns.keep { pending[$0.node]?.serial == $0.serial } }
    }

    /// The updates for the next message; O(log n) for each.
    mutating func take(memberCount: Int, besideTree: Bool) -> [StatusUpdate] {
        guard !pending.isEmpty else { return [] }
        let repetitions = besideTree ? Self.repetitionsBesideTree : Self.repetitions
        let limit = repetitions * (Int.bitWidth - (memberCount + 1).leadingZeroBitCount)
        var chosen: [(update: StatusUpdate, told: Int)] = []
        while chosen.count < MeshLimits.updatesPerMessageMax, let turn = turns.popFirst() {
            guard let item = pending[turn.node], item.serial == turn.serial else { continue }  // replaced by newer news
            pending[turn.node] = nil
            chosen.append((item.update, turn.told + 1))
        }
        for item in chosen where item.told < limit { append(item.update, told: item.told) }
        return chosen.map(\.update)
    }

    private mutating func append(_ update: StatusUpdate, told: Int) {
        serial += 1
        pending[update.node] = (update, serial)
        turns.insert(Turn(told: told, serial: serial, node: update.node))
    }
}

/// Probes that this node makes for others: whose answer goes to whom.
struct ProbeRelays: Sendable {
    /// Most probes under way for others; more are not taken on.
    static let relaysMax = 256

    private struct Relay {
        let origin: NodeID
        let target: NodeID
        let sequence: UInt64
        let until: Instant
    }

    private var relays: [UInt64: Relay] = [:]
    private var next: UInt64 = 1 << 62

    /// - Returns: the sequence number to ping with, `nil` when there is no room.
    mutating func add(
        origin: NodeID,
        target: NodeID,
        sequence: UInt64,
        until: Instant,
        now: Instant
    ) -> UInt64? {
        relays = relays.filter { $0.value.until > now }
        guard relays.count < Self.relaysMax else { return nil }
        next += 1
        relays[next] = Relay(origin: origin, target: target, sequence: sequence, until: until)
        return next
    }

    /// Only the node that was probed can answer a probe.
    mutating func answer(_ sequence: UInt64, from peer: NodeID) -> (origin: NodeID, sequence: UInt64)? {
        guard let relay = relays[sequence], relay.target == peer else { return nil }
        relays[sequence] = nil
        return (relay.origin, relay.sequence)
    }
}
