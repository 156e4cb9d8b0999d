import Core
import Mesh
import Simulation
import Testing

/// Neighbours and messages that an older or a newer version does not know.
struct OverlayTests {
    private func settled(_ nodes: Int, seed: UInt64) -> SimulatedMesh {
        var settings = ScaleSettings()
        settings.nodes = nodes
        settings.seed = seed
        settings.wrongClocks = .never
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

    /// 120 nodes in two networks, so that chance would now and then give one of them more than half of the places.
    @Test(arguments: UInt64(1)..<4)
    func neighbours_inOneNetwork_areAtMostHalf(seed: UInt64) throws {
        var settings = ScaleSettings()
        settings.nodes = 120
        settings.seed = seed
        settings.wrongClocks = .never
        settings.nodesPerNetwork = 60
        settings.nodesPerOperator = 1
        var mesh = SimulatedMesh(settled: settings)
        mesh.run(for: .seconds(30))
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
}
