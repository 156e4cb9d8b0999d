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
        /// How often it was tried in a row, this time included.
        var attempt = 1
    }

    /// Probes of a neighbour that fail in a row before it is suspected before everybody.
    ///
    /// A suspicion costs a message to every node of the mesh, a second probe costs two: where packets get lost, suspicions
    /// of all nodes together would otherwise grow with the size of the mesh until they are all that is talked about.
    static let attemptsMax = 3

    /// Whom to probe in a mesh that is too large for everybody to probe everybody.
    struct Scope: Sendable {
        let neighbours: [NodeID]
        let memberCount: Int

        /// Larger meshes take longer to carry a suspicion and its refutation: log₁₀ of the size (Lifeguard section III-B).
        var suspicionFactor: Int {
            var (factor, size) = (0, memberCount)
            while size >= 10 { (factor, size) = (factor + 1, size / 10) }
            return max(1, factor)
        }
    }

    /// Highest local health multiplier (Lifeguard section IV-A).
    static let localHealthMax = 8

    /// `nil` probes everybody in turn.
    var scope: Scope?
    /// How badly this node itself seems to do; it then waits longer before it blames others (Lifeguard section IV-A).
    private(set) var localHealth = 0
    private var lastTick: Instant?
    private var probeCount = 0
    private var neighbourCount = 0
    private let parameters: MeshParameters
    private var current: Probe?
    private var nextProbe: Instant
    private var order = ProbeOrder()
    private var sequence: UInt64 = 0
    /// The last probes that others were asked for: an answer may come after the suspicion.
    private var asked: [(target: NodeID, sequence: UInt64)] = []
    private static let askedMax = 8
    private var suspicions: [NodeID: Instant] = [:]
    /// The ends of suspicions, those that were lifted included.
    private var ends = DeadlineQueue<NodeID>()

    init(parameters: MeshParameters, now: Instant) {
        self.parameters = parameters
        nextProbe = now
    }

    var nextWake: Instant {
        let probe = current?.deadline ?? nextProbe
        return min(probe, ends.next ?? probe)
    }

    /// - Parameter members: Every other member.
    mutating func tick(
        members: MemberTable,
        now: Instant,
        using rng: inout some RandomNumberGenerator
    ) -> [Effect] {
        noticeOwnSleep(now: now)
        var effects = expireSuspicions(now: now)
        if let probe = current, now >= probe.deadline { effects += escalate(probe, members, now, &rng) }
        guard current == nil, now >= nextProbe else { return effects }
        nextProbe = now + parameters.probePeriod * patience
        guard let target = nextTarget(members, &rng) else { return effects }
        sequence += 1
        let deadline = now + parameters.probeTimeout * patience
        current = Probe(target: target, sequence: sequence, phase: .direct, deadline: deadline)
        return effects + [.ping(target, sequence: sequence)]
    }

    /// The transport could not connect to a member, or its connection broke.
    mutating func handleUnreachable(
        _ node: NodeID,
        members: MemberTable,
        now: Instant,
        using rng: inout some RandomNumberGenerator
    ) -> [Effect] {
        guard let status = members.status(node), status == .alive || status == .unheard else { return [] }
        if let probe = current, probe.target == node {
            guard probe.phase == .direct else { return [] }
            var last = probe
            last.attempt = Self.attemptsMax
            return escalate(last, members, now, &rng)
        }
        guard current == nil || current?.phase == .direct else { return [] }
        sequence += 1
        var probe = Probe(target: node, sequence: sequence, phase: .direct, deadline: now)
        probe.attempt = Self.attemptsMax
        return escalate(probe, members, now, &rng)
    }

    /// Somebody proved to be alive: an answer, or any message of its own.
    mutating func handleHeard(_ node: NodeID) {
        if current?.target == node {
            current = nil
            localHealth = max(0, localHealth - 1)
        }
        suspicions[node] = nil
    }

    /// Whether others were lately asked to probe this member, with this sequence number.
    func hasAsked(_ target: NodeID, sequence: UInt64) -> Bool {
        asked.contains { $0.target == target && $0.sequence == sequence }
    }

    /// Somebody suspected this node: perhaps it is slow itself.
    mutating func handleAccused() { localHealth = min(Self.localHealthMax, localHealth + 1) }

    private var patience: Int { scope == nil ? 1 : 1 + localHealth }

    /// A member is suspected and gets time to refute: twice as much when others say so as when this node saw it.
    mutating func handleSuspected(_ node: NodeID, isOwn: Bool, now: Instant) {
        let factor = scope.map { $0.suspicionFactor * (isOwn ? 1 : 2) } ?? 1
        let end = now + parameters.suspicionTimeout * factor
        if let known = suspicions[node], known <= end { return }
        suspicions[node] = end
        ends.set(node, at: end)
    }

    /// Whether a member was suspected here for so long that another's word for its death counts.
    ///
    /// Earlier it could not have refuted, and anybody could have anybody taken for dead by saying so.
    func isRipe(_ node: NodeID, now: Instant) -> Bool {
        guard let scope, let end = suspicions[node] else { return true }
        return end - now <= parameters.suspicionTimeout * scope.suspicionFactor * 3 / 2
    }

    /// Who was stopped for a while blames nobody for what was not heard meanwhile.
    private mutating func noticeOwnSleep(now: Instant) {
        defer { lastTick = now }
        guard let scope, let lastTick, now - lastTick > parameters.probePeriod * (patience + 4) else { return }
        current = nil
        for node in suspicions.keys.sorted() {
            let end = now + parameters.suspicionTimeout * scope.suspicionFactor * 2
            suspicions[node] = end
            ends.set(node, at: end)
        }
    }

    /// Tries a neighbour once more, unless it is known to be out of reach.
    private mutating func retry(_ probe: Probe, _ members: MemberTable, _ now: Instant) -> [Effect]? {
        guard scope != nil, probe.attempt < Self.attemptsMax, members.status(probe.target) == .alive else { return nil }
        sequence += 1
        let deadline = now + parameters.probeTimeout * patience
        current = Probe(
            target: probe.target,
            sequence: sequence,
            phase: .direct,
            deadline: deadline,
            attempt: probe.attempt + 1
        )
        return [.ping(probe.target, sequence: sequence)]
    }

    private mutating func expireSuspicions(now: Instant) -> [Effect] {
        var due: [NodeID] = []
        while let node = ends.popDue(at: now) {
            guard let end = suspicions[node] else { continue }
            if end > now {
                ends.set(node, at: end)
            } else {
                suspicions[node] = nil
                due.append(node)
            }
        }
        return due.sorted().map { .dead($0) }
    }

    private mutating func escalate(
        _ probe: Probe,
        _ members: MemberTable,
        _ now: Instant,
        _ rng: inout some RandomNumberGenerator
    ) -> [Effect] {
        guard probe.phase == .direct else {
            current = nil
            if let retry = retry(probe, members, now) { return retry }
            handleAccused()
            handleSuspected(probe.target, isOwn: true, now: now)
            return [.suspect(probe.target)]
        }
        let helpers = members.random(parameters.indirectProbes, using: &rng) {
            $0 != probe.target && $1.status == .alive
        }
        var asked = probe
        asked.phase = .indirect
        asked.deadline = now + parameters.probeTimeout * patience
        current = asked
        self.asked.append((probe.target, probe.sequence))
        if self.asked.count > Self.askedMax { self.asked.removeFirst() }
        return helpers.map { .pingRequest(through: $0, target: probe.target, sequence: probe.sequence) }
    }

    private mutating func nextTarget(
        _ members: MemberTable,
        _ rng: inout some RandomNumberGenerator
    ) -> NodeID? {
        probeCount += 1
        if let scope, !scope.neighbours.isEmpty, probeCount % parameters.farProbeInterval != 0 {
            neighbourCount += 1
            return scope.neighbours[neighbourCount % scope.neighbours.count]
        }
        if members.unheardCount > 0,
            let unheard = members.random(using: &rng, where: { $1.status == .unheard })
        {
            return unheard
        }
        // One round visits every member once, in a new order each time; the dead too, so that they are found again.
        guard members.count > 0 else { return nil }
        return members.member(at: order.next(count: members.count, using: &rng))
    }
}
