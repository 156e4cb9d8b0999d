import Core
import Mesh
import Simulation
import Testing

/// Neighbours and messages that an older or a newer version does not know.
struct OverlayTests {
    /// A mesh that has been up for long, half a minute later.
    private func settled(
        _ nodes: Int,
        seed: UInt64,
        _ change: (inout ScaleSettings) -> Void = { _ in }
    ) -> SimulatedMesh {
        var settings = ScaleSettings()
        settings.nodes = nodes
        settings.seed = seed
        settings.wrongClocks = .never
        change(&settings)
        var mesh = SimulatedMesh(settled: settings)
        mesh.run(for: .seconds(30))
        return mesh
    }

    private func message(_ kind: UInt64, _ fields: [String: CBOR], at now: Instant) -> [UInt8] {
        let head: [String: CBOR] = ["c": .integer(now.milliseconds), "i": .unsigned(1), "k": .unsigned(kind)]
        return CBOR.map(head.merging(fields) { $1 }).encoded()
    }

    @Test func smallMesh_everybodyIsANeighbour() {
        let mesh = settled(13, seed: 1)
        #expect(mesh.nodes.values.allSatisfy { $0.machine.neighbours.count == 12 })
    }

    @Test(arguments: UInt64(1)..<4)
    func largeMesh_linksAreFewAndMutual(seed: UInt64) {
        let mesh = settled(120, seed: seed)
        for node in mesh.nodes.values {
            let (id, neighbours) = (node.identity.node.id, node.machine.neighbours)
            #expect((4...12).contains(neighbours.count), "replay: seed \(seed)")
            for neighbour in neighbours {
                let theirs = mesh.nodes[neighbour]?.machine.neighbours ?? []
                #expect(theirs.contains(id), "replay: seed \(seed)")
            }
        }
    }

    @Test func neighbours_ofOneOperator_areFew() {
        let mesh = settled(120, seed: 7)
        for node in mesh.nodes.values {
            let operators = node.machine.neighbours.compactMap { node.machine.member($0)?.operator }
            let most = Dictionary(operators.map { ($0, 1) }, uniquingKeysWith: +).values.max() ?? 0
            #expect(most <= 2)
        }
    }

    /// Twenty nodes of one operator among eleven of others: two links for each operator would leave the twenty in pieces.
    @Test(arguments: UInt64(1)..<6)
    func nodes_ofAnOperatorWithMost_areConnected(seed: UInt64) {
        var mesh = settled(31, seed: seed) { settings in
            settings.nodesPerOperator = 1
            settings.moreOfFirstOperator = 19
        }
        mesh.run(for: .seconds(30))
        var reached: Set<NodeID> = []
        var next = [mesh.running[0]]
        while let node = next.popLast() {
            guard reached.insert(node).inserted else { continue }
            next += mesh.nodes[node]?.machine.neighbours ?? []
        }
        #expect(reached.count == 31, "replay: seed \(seed)")
        for node in mesh.nodes.values {
            #expect(node.machine.neighbours.count >= 4, "replay: seed \(seed)")
        }
    }

    /// 120 nodes in two networks, so that chance would now and then give one of them more than half of the places.
    @Test(arguments: UInt64(1)..<4)
    func neighbours_inOneNetwork_areAtMostHalf(seed: UInt64) throws {
        let mesh = settled(120, seed: seed) { settings in
            settings.nodesPerNetwork = 60
            settings.nodesPerOperator = 1
        }
        var most = 0
        for node in mesh.nodes.values {
            let addresses = node.machine.neighbours.compactMap { node.machine.locators(of: $0).first?.address }
            let networks = addresses.map { $0.split(separator: ".").prefix(3).joined(separator: ".") }
            let counts = Dictionary(networks.map { ($0, 1) }, uniquingKeysWith: +).values
            most = max(most, counts.max() ?? 0)
        }
        #expect((3...6).contains(most), "replay: seed \(seed)")
    }

    /// All neighbours of a node die with it in one moment; somebody else finds that it is dead.
    @Test(arguments: UInt64(1)..<4)
    func node_whoseNeighboursAllDied_isFoundDead(seed: UInt64) {
        var mesh = settled(60, seed: seed)
        let lonely = mesh.running[9]
        let gone = (mesh.nodes[lonely]?.machine.neighbours ?? []) + [lonely]
        for node in gone { mesh.kill(node) }
        let found = mesh.run(for: .seconds(300)) { mesh in
            mesh.running.allSatisfy { mesh.nodes[$0]?.machine.member(lonely)?.isAlive == false }
        }
        #expect(found, "replay: seed \(seed)")
    }

    @Test func message_ofANewerKind_isCountedAndNothingElse() {
        var mesh = settled(20, seed: 2)
        let (one, other) = (mesh.running[0], mesh.running[1])
        mesh.inject(message(99, [:], at: mesh.now), from: one, to: other)
        #expect(mesh.nodes[other]?.machine.counters.badMessages == 1)
        mesh.run(for: .seconds(10))
        #expect(mesh.agreesOnTheLiving)
    }

    /// A ping of a version without neighbours, and one with a wish of a newer version.
    @Test(arguments: [nil, UInt64(77)])
    func ping_withoutAWishThatIsKnown_isAnsweredAndGrantsNothing(wish: UInt64?) throws {
        let mesh = settled(40, seed: 3)
        let id = mesh.running[0]
        var machine = try #require(mesh.nodes[id]?.machine)
        let stranger = try #require(mesh.running.first { $0 != id && !machine.neighbours.contains($0) })
        var rng = SplitMix64(seed: 1)
        var fields: [String: CBOR] = ["s": .unsigned(5)]
        if let wish { fields["w"] = .unsigned(wish) }
        let ping = message(1, fields, at: mesh.now)
        let effects = machine.handle(ping, from: stranger, address: nil, now: mesh.now, using: &rng)
        let answers = effects.filter { if case .send(_, let to) = $0 { to == stranger } else { false } }
        #expect(answers.count == 1)
        #expect(!machine.neighbours.contains(stranger))
    }

    /// The first hash of the list in a message, if it is an inventory.
    private static func firstHash(_ effect: MeshEffect) -> CBOR? {
        guard case .send(let bytes, _) = effect, case .map(let fields)? = try? CBOR(decoding: bytes),
            case .array(let entries)? = fields["e"]
        else { return nil }
        return entries.first
    }

    /// One hash over and over is one record, not as many as there are hashes.
    @Test func want_ofOneRecordManyTimes_isAnsweredOnce() throws {
        let mesh = settled(40, seed: 4)
        let (id, peer) = (mesh.running[0], mesh.running[1])
        var machine = try #require(mesh.nodes[id]?.machine)
        var rng = SplitMix64(seed: 1)
        let nothing = CBOR.array([CBOR](repeating: .unsigned(0), count: 64))
        let summary = message(5, ["b": nothing], at: mesh.now)
        let inventory = machine.handle(summary, from: peer, address: nil, now: mesh.now, using: &rng)
        let hash = try #require(inventory.lazy.compactMap(Self.firstHash).first)
        let want = message(7, ["b": .array([CBOR](repeating: hash, count: 4_096))], at: mesh.now)
        let effects = machine.handle(want, from: peer, address: nil, now: mesh.now, using: &rng)
        #expect(machine.counters.badMessages == mesh.nodes[id]?.machine.counters.badMessages)
        let answers = effects.compactMap { effect -> [UInt8]? in
            if case .send(let bytes, let to) = effect, to == peer { bytes } else { nil }
        }
        #expect(answers.count == 1)
        #expect(answers.reduce(0) { $0 + $1.count } < 8_192)
    }

    /// Somebody who says without having been asked that a suspect answers does not clear it.
    @Test func ack_thatNobodyAskedFor_liftsNoSuspicion() throws {
        var mesh = settled(40, seed: 5)
        let (id, liar, dead) = (mesh.running[0], mesh.running[1], mesh.running[2])
        mesh.kill(dead)
        let suspected = mesh.run(for: .seconds(120)) {
            $0.nodes[id]?.machine.member(dead)?.observation.status == .suspect
        }
        #expect(suspected)
        var machine = try #require(mesh.nodes[id]?.machine)
        var rng = SplitMix64(seed: 1)
        let ack = message(3, ["s": .unsigned(1 << 40), "t": .bytes(dead.bytes)], at: mesh.now)
        let bad = machine.counters.badMessages
        _ = machine.handle(ack, from: liar, address: nil, now: mesh.now, using: &rng)
        #expect(machine.counters.badMessages == bad)
        #expect(machine.member(dead)?.observation.status == .suspect)
    }
}
