import Core
import Mesh
import Simulation
import Testing

/// Whole meshes under hundreds of seeds; a failing seed replays exactly.
struct MeshSimulationTests {
    private func mesh(_ count: Int, seed: UInt64, settle: Duration = .seconds(20)) -> SimulatedMesh {
        let identities = SimulatedIdentities.all
        var mesh = SimulatedMesh(seed: seed, founder: identities[0])
        for identity in identities[1..<count] {
            mesh.join(identity, invitedBy: identities[0].node.id)
            mesh.run(for: .milliseconds(20))
        }
        mesh.run(for: settle) { $0.agreesOnTheLiving }
        return mesh
    }

    @Test(arguments: UInt64(0)..<100)
    func mesh_underLoss_convergesAndNobodyIsDeclaredDead(seed: UInt64) {
        var mesh = SimulatedMesh(seed: seed, founder: SimulatedIdentities.all[0])
        mesh.network.loss = Ratio(1, in: 10)
        for identity in SimulatedIdentities.all[1..<8] {
            mesh.join(identity, invitedBy: SimulatedIdentities.all[0].node.id)
        }
        #expect(mesh.run(for: .seconds(60)) { $0.agreesOnTheLiving }, "replay: seed \(seed)")
    }

    @Test(arguments: UInt64(0)..<10)
    func join_ofAThirtiethNode_isKnownToAllWithinTwoSeconds(seed: UInt64) {
        var mesh = mesh(30, seed: seed)
        #expect(mesh.agreesOnTheLiving, "replay: seed \(seed)")
        mesh.join(SimulatedIdentities.all[30], invitedBy: SimulatedIdentities.all[7].node.id)
        #expect(mesh.run(for: .seconds(2)) { $0.agreesOnTheLiving }, "replay: seed \(seed)")
    }

    @Test(arguments: UInt64(0)..<60)
    func kill_ofAThird_isFoundByAll(seed: UInt64) {
        var mesh = mesh(9, seed: seed)
        for identity in SimulatedIdentities.all[0..<3] { mesh.kill(identity.node.id) }
        #expect(mesh.run(for: .seconds(60)) { $0.agreesOnTheLiving }, "replay: seed \(seed)")
    }

    @Test(arguments: UInt64(0)..<30)
    func silence_withoutLoss_killsNobody(seed: UInt64) {
        var mesh = mesh(8, seed: seed)
        mesh.run(for: .seconds(60))
        #expect(mesh.agreesOnTheLiving, "replay: seed \(seed)")
        #expect(mesh.nodes.values.allSatisfy { $0.machine.counters.deaths == 0 }, "replay: seed \(seed)")
    }

    @Test(arguments: UInt64(0)..<30)
    func restart_withTheInviterGone_findsTheMeshAgain(seed: UInt64) {
        var mesh = mesh(8, seed: seed)
        let restarted = SimulatedIdentities.all[5].node.id
        mesh.kill(restarted)
        mesh.kill(SimulatedIdentities.all[0].node.id)
        mesh.run(for: .seconds(30))
        mesh.restart(restarted)
        #expect(mesh.run(for: .seconds(30)) { $0.agreesOnTheLiving }, "replay: seed \(seed)")
    }

    @Test(arguments: UInt64(0)..<40)
    func partition_whenHealed_growsTogether(seed: UInt64) {
        var mesh = mesh(8, seed: seed)
        mesh.network.partition = Set(SimulatedIdentities.all[0..<4].map(\.node.id))
        mesh.run(for: .seconds(30))
        let sees = mesh.nodes[SimulatedIdentities.all[0].node.id]?.machine.aliveCount
        #expect(sees == 3, "replay: seed \(seed)")
        mesh.network.partition = []
        #expect(mesh.run(for: .seconds(120)) { $0.agreesOnTheLiving }, "replay: seed \(seed)")
    }

    @Test(arguments: [Duration.seconds(365 * 86_400), .zero - .seconds(365 * 86_400)])
    func join_withAClockAYearOff_succeedsAndSaysSo(error: Duration) {
        for seed in UInt64(0)..<10 {
            var mesh = mesh(6, seed: seed)
            let late = SimulatedIdentities.all[20]
            mesh.join(late, invitedBy: SimulatedIdentities.all[1].node.id, clockError: error)
            #expect(mesh.run(for: .seconds(10)) { $0.agreesOnTheLiving }, "replay: seed \(seed)")
            let offset = mesh.nodes[late.node.id]?.machine.clockOffset ?? .zero
            #expect(abs((offset + error).wholeMilliseconds) < 1_000, "replay: seed \(seed)")
            mesh.run(for: .seconds(30))
            #expect(mesh.agreesOnTheLiving, "replay: seed \(seed)")
        }
    }

    @Test(arguments: [Duration.seconds(365 * 86_400), .zero - .seconds(365 * 86_400)])
    func join_invitedByANodeWhoseClockIsAYearOff_succeeds(error: Duration) {
        for seed in UInt64(0)..<5 {
            var mesh = mesh(6, seed: seed)
            let wrong = SimulatedIdentities.all[20]
            mesh.join(wrong, invitedBy: SimulatedIdentities.all[1].node.id, clockError: error)
            mesh.run(for: .seconds(30))
            mesh.join(SimulatedIdentities.all[21], invitedBy: wrong.node.id)
            #expect(mesh.run(for: .seconds(60)) { $0.agreesOnTheLiving }, "replay: seed \(seed)")
        }
    }

    @Test func idleMesh_costsLittle() {
        var mesh = mesh(16, seed: 1)
        mesh.run(for: .seconds(60))
        let before = mesh.network.sentBytes
        mesh.run(for: .seconds(100))
        let perNodeAndSecond = (mesh.network.sentBytes - before) / 100 / 16
        #expect(perNodeAndSecond < 1_024, "an idle node sends \(perNodeAndSecond) bytes per second")
    }
}
