import Core
import Foundation
import Objects
import Simulation
import Testing

/// Months of private objects on nodes that come and go; a failing seed replays exactly.
///
/// Short runs here; `HolderChurn` and the seeds are all that a longer one needs.
struct HolderSimulationTests {
    private let day: Duration = .seconds(86_400)

    private func run(
        _ churn: HolderChurn,
        _ settings: SegmentRepairSettings = SegmentRepairSettings(),
        days: Int,
        seeds: Range<UInt64>
    ) -> HolderOutcome {
        var total = HolderOutcome()
        for seed in seeds {
            var mesh = SimulatedHolders(seed: seed, churn: churn, settings: settings)
            mesh.run(for: day * days)
            total.add(mesh.outcome)
        }
        return total
    }

    /// A node stays for an exponential time of mean L and leaves for good. Without repair a segment is lost by time t when
    /// fewer than k of its n holders stayed: Bin(n, e^(-t/L)). One segment per seed, so that trials are independent.
    @Test func withoutRepair_lossIsWhatTheBinomialSays() {
        var churn = HolderChurn()
        churn.repairs = false
        churn.lifetime = day * 60
        churn.replacement = nil
        churn.session = day * 100_000
        var lost = [48: 0, 66: 0, 84: 0]
        for seed in UInt64(0)..<200 {
            var mesh = SimulatedHolders(seed: seed, churn: churn)
            for (days, more) in [(48, 48), (66, 18), (84, 18)] {
                mesh.run(for: day * more)
                lost[days, default: 0] += mesh.outcome.lost
            }
        }
        for (days, lost) in lost.sorted(by: { $0.key < $1.key }) {
            let predicted = BinomialPrediction.fewer(than: 10, of: 30, p: exp(-Double(days) / 60))
            let bounds = BinomialPrediction.interval(hits: lost, trials: 200, z: 3.29)
            print("no repair, \(days) days: \(lost) of 200 lost, predicted \(predicted), 99.9 % bounds \(bounds)")
            #expect(bounds.contains(predicted))
        }
    }

    /// The same departures, each node replaced by an empty one after an hour, and nodes away a quarter of the time.
    @Test func withRepair_nothingIsLostThatTheBinomialWouldLose() {
        var churn = HolderChurn()
        churn.lifetime = day * 60
        churn.nodes = 36
        let outcome = run(churn, days: 42, seeds: 0..<2)
        print("repair, 36 nodes: \(outcome)")
        #expect(outcome.lost == 0)
        #expect(outcome.wrongPieces == 0 && outcome.wrongWithdrawals == 0)
        #expect(outcome.rebuiltPieces > outcome.departures)
    }

    @Test func threeHundredNodes_loseNothing() {
        var churn = HolderChurn()
        churn.nodes = 300
        churn.segments = 4
        churn.lifetime = day * 60
        let outcome = run(churn, days: 4, seeds: 0..<1)
        print("repair, 300 nodes: \(outcome)")
        #expect(outcome.lost == 0)
        #expect(outcome.wrongPieces == 0 && outcome.wrongWithdrawals == 0)
    }

    /// What an hour of grace costs when absences last hours, and what patience saves.
    @Test func patience_savesTraffic_andLosesNothing() {
        var churn = HolderChurn()
        churn.nodes = 36
        churn.lifetime = day * 60
        var traffic: [Double] = []
        for hours in [1, 24, 72] {
            var settings = SegmentRepairSettings()
            settings.grace = .seconds(3600 * hours)
            let outcome = run(churn, settings, days: 20, seeds: 0..<2)
            print("grace \(hours) h: \(outcome)")
            #expect(outcome.lost == 0 && outcome.wrongPieces == 0 && outcome.wrongWithdrawals == 0)
            traffic.append(outcome.trafficPerStoredByteAndMonth)
        }
        #expect(traffic[1] < traffic[0] && traffic[2] < traffic[1])
    }

    @Test(arguments: UInt64(0)..<100)
    func aThirdIsKilledAtOnce_objectIsIntactAndComesBackToFullStrength(seed: UInt64) {
        var churn = HolderChurn()
        churn.nodes = seed < 50 ? 45 : 30
        churn.segments = 2
        churn.session = day * 100_000
        var mesh = SimulatedHolders(seed: seed, churn: churn)
        mesh.run(for: .seconds(3600))
        mesh.kill(churn.nodes / 3)
        #expect(mesh.run(for: day) { $0.isWhole }, "replay: seed \(seed)")
        #expect(mesh.outcome.lost == 0, "replay: seed \(seed)")
        #expect(mesh.outcome.wrongPieces == 0, "replay: seed \(seed)")
    }

    @Test(arguments: UInt64(0)..<5)
    func segmentIsRemovedWhileNodesAreAway_noPieceSurvivesTheirReturn(seed: UInt64) {
        var churn = HolderChurn()
        churn.nodes = 36
        churn.segments = 3
        var mesh = SimulatedHolders(seed: seed, churn: churn)
        mesh.run(for: day * 3)
        mesh.remove(0)
        mesh.run(for: day * 2)
        mesh.calmDown()
        #expect(mesh.run(for: day) { $0.removedPieces == 0 }, "replay: seed \(seed)")
        #expect(mesh.outcome.wrongPieces == 0, "replay: seed \(seed)")
    }

    @Test(arguments: UInt64(0)..<5)
    func everybodyReturns_allIsWholeAndNothingIsThereTwice(seed: UInt64) {
        var churn = HolderChurn()
        churn.nodes = 40
        churn.segments = 3
        var mesh = SimulatedHolders(seed: seed, churn: churn)
        mesh.run(for: day * 5)
        mesh.calmDown()
        #expect(mesh.run(for: day) { $0.isWhole && $0.surplusPieces == 0 }, "replay: seed \(seed)")
        #expect(mesh.outcome.lost == 0 && mesh.outcome.wrongWithdrawals == 0, "replay: seed \(seed)")
    }

    @Test func equalSeeds_replayExactly() {
        var churn = HolderChurn()
        churn.nodes = 36
        churn.lifetime = day * 30
        let first = run(churn, days: 10, seeds: 7..<8)
        #expect(first.description == run(churn, days: 10, seeds: 7..<8).description)
        #expect(first.description != run(churn, days: 10, seeds: 8..<9).description)
    }
}
