import Core
import Mesh
import Simulation
import Testing

/// Meshes that are too large for everybody to deal with everybody, in everything that may happen to them.
struct ScaleRunTests {
    private func run(_ part: ScalePart, nodes: Int = 60, seed: UInt64, seconds: Int = 20) -> ScaleResult? {
        var settings = ScaleSettings()
        settings.nodes = nodes
        settings.seed = seed
        settings.part = .seconds(seconds)
        settings.changes = 2
        var run = ScaleRun(settings)
        run.run([part])
        return run.results.first
    }

    @Test(arguments: UInt64(0)..<2)
    func change_ofOneRecord_reachesAllInTenSeconds(seed: UInt64) throws {
        let result = try #require(run(.change, nodes: 150, seed: seed))
        #expect(result.arrivals.count == result.arrivalsWanted, "replay: seed \(seed)")
        #expect(try #require(result.arrival(1)) < 10, "replay: seed \(seed)")
    }

    @Test(arguments: UInt64(0)..<2)
    func idle_costsUnderAKilobyteAndAccusesNobody(seed: UInt64) throws {
        let result = try #require(run(.idle, nodes: 150, seed: seed))
        #expect(result.bytesPerNodeAndSecond < 1_024, "replay: seed \(seed)")
        #expect(result.falseSuspicions == 0 && result.falseDeaths == 0, "replay: seed \(seed)")
    }

    @Test(arguments: UInt64(0)..<2)
    func death_ofOneNode_isKnownToAll(seed: UInt64) throws {
        let result = try #require(run(.death, seed: seed))
        #expect(result.deathsSeen.count == result.deathsWanted, "replay: seed \(seed)")
    }

    @Test(arguments: UInt64(0)..<2)
    func partition_whenHealed_growsTogether(seed: UInt64) throws {
        let result = try #require(run(.partition, seed: seed))
        #expect(try #require(result.notes.first).value < 600, "replay: seed \(seed)")
    }

    @Test(arguments: UInt64(0)..<2)
    func loss_ofThirtyPerCent_killsHardlyAnybody(seed: UInt64) throws {
        let result = try #require(run(.loss, seed: seed))
        // 60 nodes look at 59 others for half a minute and more.
        #expect(result.falseDeaths < 60, "replay: seed \(seed)")
        #expect(result.arrivals.count * 100 >= result.arrivalsWanted * 95, "replay: seed \(seed)")
    }

    @Test(arguments: UInt64(0)..<2)
    func liars_accusingAndForging_killHardlyAnybodyAndPlantNothing(seed: UInt64) throws {
        let result = try #require(run(.liars, seed: seed))
        #expect(result.forgedTaken == 0, "replay: seed \(seed)")
        #expect(result.falseDeaths < 60, "replay: seed \(seed)")
        #expect(result.arrivals.count == result.arrivalsWanted, "replay: seed \(seed)")
    }

    @Test(arguments: UInt64(0)..<2)
    func eclipse_ofAStartingNode_leavesItLinksOfItsOwn(seed: UInt64) throws {
        let result = try #require(run(.eclipse, nodes: 150, seed: seed))
        let notes = Dictionary(result.notes.map { ($0.name, $0.value) }) { first, _ in first }
        let (all, liars) = (try #require(notes["neighbours"]), try #require(notes["liars among them"]))
        #expect(all - liars >= 2, "replay: seed \(seed)")
        #expect(notes["members it takes for alive"] ?? 0 > 140, "replay: seed \(seed)")
        #expect(result.arrivals.count == result.arrivalsWanted, "replay: seed \(seed)")
    }

    @Test func equalSeeds_giveEqualReports() throws {
        let reports = try [5, 5, 6].map { seed in
            ScaleReport([try #require(run(.loss, nodes: 30, seed: seed, seconds: 10))]).json
        }
        #expect(reports[0] == reports[1])
        #expect(reports[0] != reports[2])
    }
}
