import Core
import Mesh

/// What may happen to a mesh.
public enum ScalePart: String, CaseIterable, Sendable {
    case idle
    case change
    case death
    case deaths
    case loss
    case partition
    case churn
    case liars
    case eclipse
}

/// A mesh in everything that may happen to it.
///
/// Each part begins with the same mesh at the same moment, so its result does not depend on which other parts are asked
/// for, and what one part made the nodes remember is gone before the next.
public struct ScaleRun {
    public let settings: ScaleSettings
    public internal(set) var results: [ScaleResult] = []
    /// The mesh in calm, as long as another part will need it.
    private var calm: SimulatedMesh?
    var mesh: SimulatedMesh
    var liars: Liars
    /// Told what is going on, for people who wait.
    let progress: (String) -> Void

    static let step = Duration.seconds(1)

    public init(_ settings: ScaleSettings, progress: @escaping (String) -> Void = { _ in }) {
        self.settings = settings
        self.progress = progress
        progress("\(settings.nodes) nodes: making keys, records and directories")
        mesh = SimulatedMesh(settled: settings)
        mesh.watch = MeshWatch()
        let count = settings.nodes * Int(settings.liars.numerator) / Int(settings.liars.denominator)
        liars = Liars(nodes: Array(mesh.running.prefix(count)))
    }

    /// Runs these parts in the order of ``ScalePart``.
    ///
    /// - Parameter finished: Told each result as soon as it is there.
    public mutating func run(_ parts: [ScalePart], finished: (ScaleResult) -> Void = { _ in }) {
        mesh.run(for: .seconds(30))
        let wanted = ScalePart.allCases.filter(parts.contains)
        let honest = liars
        calm = mesh
        for part in wanted {
            if let calm { mesh = calm }
            if part == wanted.last { calm = nil }
            liars = honest
            switch part {
            case .idle: idle()
            case .change: change()
            case .death: deaths()
            case .deaths: massDeath()
            case .loss: loss()
            case .partition: partition()
            case .churn: churn()
            case .liars: lie()
            case .eclipse: eclipse()
            }
            if let result = results.last { finished(result) }
        }
    }

    // MARK: - Parts

    /// Nothing happens but what always happens: probes, comparisons, renewed records.
    mutating func idle() {
        measure("idle") { $0.mesh.run(for: $0.settings.part) }
    }

    /// Nodes change what they say about themselves, one after the other.
    mutating func change() {
        measure("change") { run in
            for _ in 0..<run.settings.changes { run.spreadAChange() }
        }
    }

    /// Single nodes die, one after the other.
    mutating func deaths() {
        measure("death") { run in
            for _ in 0..<run.settings.changes { run.die() }
        }
    }

    /// A tenth of all nodes dies at once, and comes back.
    mutating func massDeath() {
        measure("a tenth dies") { run in
            let victims = run.mesh.running.shuffled(using: &run.mesh.rng).prefix(run.settings.nodes / 10)
            for victim in victims { run.mesh.kill(victim) }
            let needed = run.secondsUntilSettled(within: .seconds(600))
            run.note("settled after s", needed)
            run.revive(Array(victims))
        }
    }

    /// A share of all packets is lost.
    mutating func loss() {
        measure("loss") { run in
            run.mesh.network.loss = run.settings.loss
            run.mesh.run(for: run.settings.part)
            for _ in 0..<run.settings.changes { run.spreadAChange() }
        }
    }

    /// One half cannot reach the other for a while.
    mutating func partition() {
        measure("partition") { run in
            let half = run.mesh.running.shuffled(using: &run.mesh.rng).prefix(run.settings.nodes / 2)
            run.mesh.network.partition = Set(half)
            run.mesh.run(for: run.settings.part)
            run.mesh.network.partition = []
            run.note("settled after s", run.secondsUntilSettled(within: .seconds(900)))
        }
    }

    // MARK: - Measuring

    mutating func measure(_ part: String, _ body: (inout ScaleRun) -> Void) {
        progress("\(settings.nodes) nodes: \(part)")
        let (start, bytes) = (mesh.now, mesh.network.sentBytes)
        mesh.watch = MeshWatch()
        results.append(ScaleResult(part, nodes: settings.nodes))
        body(&self)
        let watch = mesh.watch ?? MeshWatch()
        let seconds = Double((mesh.now - start).wholeMilliseconds) / 1_000
        let last = results.count - 1
        let nodeSeconds = max(seconds, 0.001) * Double(settings.nodes)
        results[last].seconds = seconds
        results[last].bytesPerNodeAndSecond = Double(mesh.network.sentBytes - bytes) / nodeSeconds
        results[last].eventsPerNodeAndSecond = Double(watch.events) / nodeSeconds
        results[last].falseSuspicions = watch.falseSuspicions
        results[last].falseDeaths = watch.falseDeaths
        results[last].forgedTaken = watch.forgedTaken
        results[last].arrivals.sort()
        results[last].deathsSeen.sort()
    }

    mutating func note(_ name: String, _ value: Double) { results[results.count - 1].notes.append((name, value)) }

    /// One node changes its record; runs until all that run have it, half a minute at most.
    mutating func spreadAChange() {
        guard let author = mesh.running.randomElement(using: &mesh.rng), let old = mesh.nodes[author] else { return }
        var claims = old.identity.claims
        claims.storageBytes = UInt64.random(in: 1...1 << 40, using: &mesh.rng)
        let key = RecordKey(kind: .node, subject: author.bytes)
        let version = old.machine.version(of: key) ?? 0
        let change = MeshWatch.Change(key: key, version: version + 1, made: mesh.now)
        mesh.watch?.change = change
        mesh.claim(claims, at: author)
        let wanted = mesh.running.count
        for _ in 0..<300 where (mesh.watch?.change?.arrivals.count ?? 0) < wanted { mesh.run(for: .milliseconds(100)) }
        let arrivals = mesh.watch?.change?.arrivals.values.sorted() ?? []
        results[results.count - 1].arrivals += arrivals.map { Double($0.wholeMilliseconds) / 1_000 }
        results[results.count - 1].arrivalsWanted += wanted
        mesh.watch?.change = nil
    }

    /// One node dies without a word; runs until all have seen it, two minutes at most.
    private mutating func die() {
        guard let victim = mesh.running.randomElement(using: &mesh.rng) else { return }
        let death = MeshWatch.Death(node: victim, at: mesh.now)
        mesh.watch?.death = death
        mesh.kill(victim)
        let wanted = mesh.running.count
        for _ in 0..<120 where (mesh.watch?.death?.seen.count ?? 0) < wanted { mesh.run(for: Self.step) }
        let seen = mesh.watch?.death?.seen.values.sorted() ?? []
        results[results.count - 1].deathsSeen += seen.map { Double($0.wholeMilliseconds) / 1_000 }
        results[results.count - 1].deathsWanted += wanted
        mesh.watch?.death = nil
        revive([victim])
    }

    /// Nodes come back with what they knew, and the mesh sees it.
    mutating func revive(_ nodes: [NodeID]) {
        for node in nodes { mesh.resume(node) }
        settle()
    }

    mutating func settle() { _ = secondsUntilSettled(within: .seconds(120)) }

    /// Runs until no sampled node is wrong about more than one in a thousand.
    ///
    /// - Returns: The seconds that took; the limit when it did not come to that.
    mutating func secondsUntilSettled(within limit: Duration) -> Double {
        let start = mesh.now
        while mesh.now - start < limit, wrongViews(perNode: 16) > 1_000 { mesh.run(for: Self.step) }
        return Double((mesh.now - start).wholeMilliseconds) / 1_000
    }

    /// What sampled nodes believe of all others, compared with what is so; in millionths.
    func wrongViews(perNode sample: Int) -> Double {
        var (wrong, seen) = (0, 0)
        let all = mesh.nodes.values
        for step in 0..<min(sample, all.count) {
            let observer = all[step * all.count / min(sample, all.count)]
            guard mesh.network.up.contains(observer.identity.node.id) else { continue }
            for other in all where other.identity.node.id != observer.identity.node.id {
                let believed = observer.machine.status(of: other.identity.node.id) == .alive
                seen += 1
                if believed != mesh.network.up.contains(other.identity.node.id) { wrong += 1 }
            }
        }
        return seen == 0 ? 0 : Double(wrong) / Double(seen) * 1_000_000
    }
}
