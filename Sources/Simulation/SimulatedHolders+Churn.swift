import Core
import Objects
import Placement

extension SimulatedHolders {
    mutating func perform(_ happening: Happening) {
        switch happening {
        case .leave(let number): leave(number)
        case .come(let number): if isChurning { come(number) }
        case .depart(let number): if isChurning, !nodes[number].isGone { depart(number, isReplaced: true) }
        case .arrive: arrive()
        case .noticed(let number, let since): notice(number, since: since)
        case .told(let number, let known): hear(known, at: number)
        case .synced(let first, let second, let list): exchange(first, second, list)
        case .wake(let number, let serial):
            guard nodes[number].isUp, nodes[number].wakeSerial == serial else { return }
            tell(number) { machine, now in machine.tick(now: now) }
        case .transferred(let job): transferred(job)
        case .sample: sample()
        }
    }

    /// Gives one machine an event and performs what it asks for.
    mutating func tell(_ number: Int, _ event: (inout SegmentRepairMachine, Instant) -> [SegmentRepairEffect]) {
        guard nodes[number].isUp else { return }
        for effect in event(&nodes[number].machine, now) { apply(effect, of: number) }
    }

    /// A new, empty node.
    mutating func addNode() {
        let number = nodes.count
        guard let id = try? NodeID(Self.key(1, number)), let owner = try? OperatorID(Self.key(2, number)) else {
            return
        }
        let machine = SegmentRepairMachine(node: id, settings: settings, now: now)
        nodes.append(Node(id: id, machine: machine, since: now))
        numberOf[id] = number
        candidateChanges += 1
        candidates.set(
            PlacementCandidate(
                node: id,
                operator: owner,
                hosting: "h\(number % 9)",
                jurisdiction: "j\(number % 7)",
                network: nil,
                weight: 1 << 40
            )
        )
        schedule(.leave(number), after: churn.calm + exponential(churn.session))
        if let lifetime = churn.lifetime { schedule(.depart(number), after: exponential(lifetime)) }
    }

    private static func key(_ role: UInt8, _ number: Int) -> [UInt8] {
        Digest(hashing: [role] + withUnsafeBytes(of: UInt64(number).bigEndian) { Array($0) }).bytes
    }

    /// A node learns who may take pieces.
    private mutating func showCandidates(_ number: Int) {
        guard nodes[number].isUp, nodes[number].candidatesSeen != candidateChanges else { return }
        nodes[number].candidatesSeen = candidateChanges
        tell(number) { [candidates] in $0.candidatesChanged(candidates, now: $1) }
    }

    /// A node learns who is there.
    mutating func meet(_ number: Int) {
        showCandidates(number)
        for other in nodes.indices where other != number {
            let (id, isUp) = (nodes[other].id, nodes[other].isUp)
            tell(number) { machine, now in
                isUp ? machine.memberAlive(id, now: now) : machine.memberDied(id, now: now)
            }
        }
    }

    private mutating func arrive() {
        addNode()
        let number = nodes.count - 1
        for other in nodes.indices { showCandidates(other) }
        schedule(.noticed(number, since: now), after: churn.detection)
    }

    private mutating func leave(_ number: Int) {
        guard isChurning, nodes[number].isUp else { return }
        nodes[number].isUp = false
        nodes[number].since = now
        schedule(.noticed(number, since: now), after: churn.detection)
        schedule(.come(number), after: exponential(churn.absence))
    }

    mutating func come(_ number: Int) {
        guard !nodes[number].isUp, !nodes[number].isGone else { return }
        nodes[number].isUp = true
        nodes[number].since = now
        tell(number) { $0.resumed(now: $1) }
        for job in nodes[number].jobs.sorted() {
            guard let segment = jobs.removeValue(forKey: job).map({ segments[$0.segment].id }) else { continue }
            tell(number) { $0.rebuildFailed(segment, .local("this node was away"), now: $1) }
        }
        nodes[number].jobs = []
        schedule(.noticed(number, since: now), after: churn.detection)
        if isChurning { schedule(.leave(number), after: exponential(churn.session)) }
    }

    mutating func depart(_ number: Int, isReplaced: Bool) {
        nodes[number].isUp = false
        nodes[number].isGone = true
        nodes[number].since = now
        outcome.departures += 1
        candidates.remove(nodes[number].id)
        candidateChanges += 1
        for segment in Set(nodes[number].disk.keys.map(\.segment)).sorted() where !segments[segment].isLost {
            guard !segments[segment].isRemoved, pieces(of: segment, where: { !$0.isGone }).count < churn.k else {
                continue
            }
            segments[segment].isLost = true
            outcome.lost += 1
        }
        schedule(.noticed(number, since: now), after: churn.detection)
        if isReplaced, let replacement = churn.replacement { schedule(.arrive, after: replacement) }
    }

    /// Everybody there sees that a node left or came; one that came sees everybody.
    private mutating func notice(_ number: Int, since: Instant) {
        guard nodes[number].since == since else { return }
        let (id, isUp) = (nodes[number].id, nodes[number].isUp)
        for other in nodes.indices where other != number && nodes[other].isUp {
            tell(other) { machine, now in
                isUp ? machine.memberAlive(id, now: now) : machine.memberDied(id, silentSince: since, now: now)
            }
        }
        if isUp { meet(number) }
    }

    // MARK: - Counting

    private mutating func sample() {
        for segment in segments.indices where !segments[segment].isRemoved {
            outcome.samples += 1
            if reachablePieces(of: segment) < churn.k { outcome.unreachableSamples += 1 }
        }
        schedule(.sample, after: .seconds(3600))
    }
}
