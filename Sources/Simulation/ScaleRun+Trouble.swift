import Core
import Mesh
import Placement

extension ScaleRun {
    /// Nodes come and go as machines in homes do.
    mutating func churn() {
        measure("churn") { run in
            var plan = ChurnPlan(run.mesh.running, run.settings, now: run.mesh.now, using: &run.mesh.rng)
            // So long that sessions end in a small mesh too.
            let end = run.mesh.now + run.settings.part * 2 * min(20, max(1, 10_000 / run.settings.nodes))
            var (changes, samples, wrong) = (0, 0, 0.0)
            while run.mesh.now < end {
                changes += plan.perform(on: &run.mesh, run.settings)
                run.mesh.run(for: ScaleRun.step)
                if (end - run.mesh.now).wholeMilliseconds % 20_000 < 1_000 {
                    wrong += run.wrongViews(perNode: 4)
                    samples += 1
                    run.samplePlacements()
                }
            }
            run.note("starts and ends of sessions", Double(changes))
            run.results[run.results.count - 1].wrongViewsPerMillion = wrong / Double(max(samples, 1))
            for _ in 0..<run.settings.changes { run.spreadAChange() }
        }
    }

    /// A tenth of the nodes accuse others, forge records, and repeat old ones.
    mutating func lie() {
        measure("liars") { run in
            run.collectStaleRecords()
            let end = run.mesh.now + run.settings.part
            var (wrong, samples) = (0.0, 0)
            while run.mesh.now < end {
                let running = run.mesh.running
                for liar in run.liars.nodes { run.lie(liar, to: running) }
                run.mesh.run(for: ScaleRun.step)
                wrong += run.wrongViews(perNode: 2)
                samples += 1
            }
            run.results[run.results.count - 1].wrongViewsPerMillion = wrong / Double(max(samples, 1))
            for _ in 0..<run.settings.changes { run.spreadAChange() }
        }
    }

    /// A node starts, and every liar wants to be its only company.
    mutating func eclipse() {
        measure("eclipse") { run in
            let honest = run.mesh.running.filter { !run.liars.nodes.contains($0) }
            guard let victim = honest.randomElement(using: &run.mesh.rng) else { return }
            run.mesh.kill(victim)
            run.mesh.restartRemembering(victim)
            for _ in 0..<Int(run.settings.part / ScaleRun.step) {
                let wish = Liars.wish(clock: run.mesh.now)
                for liar in run.liars.nodes {
                    run.mesh.inject(wish, from: liar, to: victim)
                    // What the victim's link depends on, the liar grants.
                    run.mesh.inject(wish, from: victim, to: liar)
                }
                run.mesh.run(for: ScaleRun.step)
            }
            let view = run.mesh.nodes[victim]?.machine.neighbours ?? []
            run.note("neighbours", Double(view.count))
            run.note("liars among them", Double(view.count { run.liars.nodes.contains($0) }))
            run.note("members it takes for alive", Double(run.mesh.nodes[victim]?.machine.aliveCount ?? 0))
            for _ in 0..<run.settings.changes { run.spreadAChange() }
        }
    }

    // MARK: - Lies

    private mutating func collectStaleRecords() {
        for node in mesh.running.prefix(64) {
            let key = RecordKey(kind: .node, subject: node.bytes)
            guard let machine = mesh.nodes[node]?.machine, let bytes = machine.record(key),
                let version = machine.version(of: key)
            else { continue }
            liars.stale.append((key, version, bytes))
        }
        for node in mesh.running.prefix(64) {
            if let claims = mesh.nodes[node]?.identity.claims { mesh.claim(claims, at: node) }
        }
    }

    /// One lie of each kind in ten seconds on average, each to one random node.
    private mutating func lie(_ liar: NodeID, to running: [NodeID]) {
        guard Ratio(1, in: 10).occurs(using: &mesh.rng) else { return }
        func anybody(_ rng: inout SplitMix64) -> NodeID { running[Int.random(in: 0..<running.count, using: &rng)] }
        let victim = anybody(&mesh.rng)
        let incarnation = UInt64(clamping: mesh.now.milliseconds)
        mesh.inject(
            Liars.accusation(of: victim, incarnation: incarnation, clock: mesh.now),
            from: liar,
            to: anybody(&mesh.rng)
        )
        guard let old = liars.stale.randomElement(using: &mesh.rng) else { return }
        var forged = old
        forged.version += 1_000_000_000
        forged.bytes[forged.bytes.count - 1] ^= 1
        mesh.watch?.forged.insert(forged.bytes)
        mesh.inject(Liars.records([old, forged], clock: mesh.now), from: liar, to: anybody(&mesh.rng))
    }

    // MARK: - Placement

    /// Where a few nodes would put objects, and how many of those places are away.
    private mutating func samplePlacements() {
        let (observers, objects, pieces) = (2, 20, 30)
        for observer in mesh.running.shuffled(using: &mesh.rng).prefix(observers) {
            var table = CandidateTable()
            for member in mesh.nodes[observer]?.machine.members ?? [] where member.isAlive {
                table.set(
                    PlacementCandidate(
                        node: member.node,
                        operator: member.operator,
                        hosting: member.claims.hosting,
                        jurisdiction: member.claims.jurisdiction,
                        network: nil,
                        weight: member.claims.storageBytes
                    )
                )
            }
            for object in 0..<objects {
                let key = PlacementKey(Digest(hashing: observer.bytes + [UInt8(object)]).bytes)
                let chosen = table.placePieces(key, count: pieces, perDomainMax: 20).chosen
                results[results.count - 1].placements += chosen.count
                results[results.count - 1].wrongPlacements += chosen.count { !mesh.network.up.contains($0) }
            }
        }
    }
}

/// When whose session or absence ends.
private struct ChurnPlan {
    private struct Turn: Comparable {
        let at: Instant
        let serial: Int
        let node: NodeID

        static func < (lhs: Turn, rhs: Turn) -> Bool { (lhs.at, lhs.serial) < (rhs.at, rhs.serial) }
        static func == (lhs: Turn, rhs: Turn) -> Bool { lhs.serial == rhs.serial }
    }

    private var turns = BinaryHeap<Turn>()
    private var serial = 0

    /// Sessions that have been going on for as long as in a mesh that nobody started a moment ago.
    ///
    /// Who is found up is in a session longer than most, in proportion to its length, at a random place of it. Of a
    /// Weibull with shape 1/2 and scale s the length of such a session is s·E², with E from a gamma distribution of shape 3.
    init(_ nodes: [NodeID], _ settings: ScaleSettings, now: Instant, using rng: inout SplitMix64) {
        for node in nodes {
            let root = (0..<3).reduce(0.0) { sum, _ in
                sum + Double(rng.exponential(.milliseconds(1_000_000)).wholeMilliseconds) / 1_000_000
            }
            let length = root * root * Double(settings.sessionScale.wholeMilliseconds)
            let rest = Int64(length * Double.random(in: 0..<1, using: &rng))
            add(node, at: now + .milliseconds(rest + 1))
        }
    }

    private mutating func add(_ node: NodeID, at: Instant) {
        serial += 1
        turns.insert(Turn(at: at, serial: serial, node: node))
    }

    /// Switches off and on whose turn it is.
    ///
    /// - Returns: How many.
    mutating func perform(on mesh: inout SimulatedMesh, _ settings: ScaleSettings) -> Int {
        var count = 0
        while let turn = turns.first, turn.at <= mesh.now {
            _ = turns.popFirst()
            count += 1
            if mesh.network.up.contains(turn.node) {
                mesh.kill(turn.node)
                add(turn.node, at: mesh.now + mesh.rng.weibullHalf(scale: settings.absenceScale))
            } else {
                mesh.restartRemembering(turn.node)
                add(turn.node, at: mesh.now + mesh.rng.weibullHalf(scale: settings.sessionScale))
            }
        }
        return count
    }
}
