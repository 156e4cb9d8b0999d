import Core

/// SWIM failure detection: one member probed per period, directly and then through others; suspects may refute.
///
///     idle ──period──▶ direct ──timeout──▶ indirect ──timeout──▶ suspect ──suspicion timeout──▶ dead
///                        └────────── ack ──────┴───────────────────┴── refutation ──▶ alive
///
/// Source: Das, Gupta, Motivala, "SWIM", DSN 2002. Departures: members that nobody has heard of since the start are
/// probed first, and a refused connection skips the direct phase.
struct ProbeMachine: Sendable {
    enum Effect: Equatable {
        case ping(NodeID, sequence: UInt64)
        case pingRequest(through: NodeID, target: NodeID, sequence: UInt64)
        case suspect(NodeID)
        case dead(NodeID)
    }

    private enum Phase: Equatable {
        case direct
        case indirect
    }

    private struct Probe {
        let target: NodeID
        let sequence: UInt64
        var phase: Phase
        var deadline: Instant
    }

    private let parameters: MeshParameters
    private var current: Probe?
    private var nextProbe: Instant
    private var queue: [NodeID] = []
    private var sequence: UInt64 = 0
    private var suspicions: [NodeID: Instant] = [:]

    init(parameters: MeshParameters, now: Instant) {
        self.parameters = parameters
        nextProbe = now
    }

    var nextWake: Instant {
        ([nextProbe] + [current?.deadline].compactMap(\.self) + suspicions.values).min() ?? nextProbe
    }

    /// - Parameter statuses: Every other member with its status.
    mutating func tick(
        statuses: [NodeID: MemberStatus],
        now: Instant,
        using rng: inout some RandomNumberGenerator
    ) -> [Effect] {
        var effects = expireSuspicions(now: now)
        if let probe = current, now >= probe.deadline { effects += escalate(probe, statuses, now, &rng) }
        guard current == nil, now >= nextProbe else { return effects }
        nextProbe = now + parameters.probePeriod
        guard let target = nextTarget(statuses, &rng) else { return effects }
        sequence += 1
        current = Probe(target: target, sequence: sequence, phase: .direct, deadline: now + parameters.probeTimeout)
        return effects + [.ping(target, sequence: sequence)]
    }

    /// The transport could not connect to a member, or its connection broke.
    mutating func handleUnreachable(
        _ node: NodeID,
        statuses: [NodeID: MemberStatus],
        now: Instant,
        using rng: inout some RandomNumberGenerator
    ) -> [Effect] {
        guard let status = statuses[node], status == .alive || status == .unheard else { return [] }
        if let probe = current, probe.target == node {
            return probe.phase == .direct ? escalate(probe, statuses, now, &rng) : []
        }
        guard current == nil || current?.phase == .direct else { return [] }
        sequence += 1
        let probe = Probe(target: node, sequence: sequence, phase: .direct, deadline: now)
        return escalate(probe, statuses, now, &rng)
    }

    /// Somebody proved to be alive: an answer, or any message of its own.
    mutating func handleHeard(_ node: NodeID) {
        if current?.target == node { current = nil }
        suspicions[node] = nil
    }

    /// Others suspect a member: it gets the same time to refute here.
    mutating func handleSuspected(_ node: NodeID, now: Instant) {
        if suspicions[node] == nil { suspicions[node] = now + parameters.suspicionTimeout }
    }

    private mutating func expireSuspicions(now: Instant) -> [Effect] {
        let due = suspicions.filter { $0.value <= now }.keys.sorted()
        for node in due { suspicions[node] = nil }
        return due.map { .dead($0) }
    }

    private mutating func escalate(
        _ probe: Probe,
        _ statuses: [NodeID: MemberStatus],
        _ now: Instant,
        _ rng: inout some RandomNumberGenerator
    ) -> [Effect] {
        guard probe.phase == .direct else {
            current = nil
            handleSuspected(probe.target, now: now)
            return [.suspect(probe.target)]
        }
        let helpers = statuses.filter { $0.value == .alive && $0.key != probe.target }.keys.sorted()
            .shuffled(using: &rng).prefix(parameters.indirectProbes)
        current = probe
        current?.phase = .indirect
        current?.deadline = now + parameters.probeTimeout
        return helpers.map { .pingRequest(through: $0, target: probe.target, sequence: probe.sequence) }
    }

    private mutating func nextTarget(
        _ statuses: [NodeID: MemberStatus],
        _ rng: inout some RandomNumberGenerator
    ) -> NodeID? {
        if let unheard = statuses.filter({ $0.value == .unheard }).keys.sorted().randomElement(using: &rng) {
            return unheard
        }
        // One round visits every member once, in a new order each time; the dead too, so that they are found again.
        for _ in 0..<2 {
            while let candidate = queue.popLast() {
                if statuses[candidate] != nil { return candidate }
            }
            queue = statuses.keys.sorted().shuffled(using: &rng)
        }
        return nil
    }
}
