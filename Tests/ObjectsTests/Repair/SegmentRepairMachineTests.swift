import Core
import Objects
import Placement
import Testing

@Suite struct SegmentRepairMachineTests {
    private let hour: Duration = .seconds(3600)
    private var patient: SegmentRepairSettings {
        var settings = SegmentRepairSettings()
        settings.takeoverDelay = .seconds(120)
        return settings
    }

    /// The machines of all holders of segment 0, by node.
    private func holders(_ k: Int, of n: Int, nodes: Int) throws -> [RepairBench] {
        try (0..<n).map { try RepairBench(own: $0, k, of: n, nodes: nodes, settings: patient) }
    }

    private func rebuild(_ effects: [SegmentRepairEffect]) -> (indexes: [Int], targets: [NodeID])? {
        for case .rebuild(_, let indexes, let targets) in effects { return (indexes, targets) }
        return nil
    }

    @Test func holder_isSilentForLessThanGrace_nothingIsRepaired() throws {
        var bench = try RepairBench(own: 0, 3, of: 9, nodes: 12)
        try bench.die([4])
        bench.run(hour - .seconds(1))
        try bench.live(4)
        bench.run(hour * 5)
        #expect(bench.take().filter { if case .sync = $0 { false } else { true } }.isEmpty)
        #expect(bench.machine.strength == SegmentStrength(live: 9, target: 9, wanted: 9))
    }

    @Test func holder_isLost_oneRepairsAtOnceAndTheOthersInTurn() throws {
        var benches = try holders(3, of: 9, nodes: 12)
        var starts: [Duration] = []
        for own in 1..<9 {
            try benches[own].die([0])
            benches[own].run(hour)
            var first = rebuild(benches[own].take())
            var waited = Duration.zero
            while first == nil, waited < hour {
                benches[own].run(.seconds(1))
                waited += .seconds(1)
                first = rebuild(benches[own].take())
            }
            starts.append(waited)
            #expect(first?.indexes == [0])
            #expect(first?.targets.count == 1)
            let spare = try (9..<12).map { try nodeID($0) }
            #expect(first.map { spare.contains($0.targets[0]) } == true)
        }
        starts.sort()
        #expect(starts[0] == .zero)
        for (lhs, rhs) in zip(starts, starts.dropFirst()) { #expect(rhs - lhs >= .seconds(120)) }
    }

    @Test func everyHolder_choosesTheSameTarget() throws {
        var targets: Set<[NodeID]> = []
        for own in 2..<9 {
            var bench = try RepairBench(own: own, 3, of: 9, nodes: 12)
            try bench.die([0, 1])
            bench.run(hour * 2)
            if let found = rebuild(bench.take()) { targets.insert(found.targets) }
        }
        #expect(targets.count == 1)
    }

    @Test func segment_isEndangered_silentHoldersDoNotCountAtOnce() throws {
        // Fewer than 3 + ⌈9/4⌉ = 6 pieces on living nodes: no grace any more.
        var benches = try holders(3, of: 9, nodes: 20)
        var repairers = 0
        for own in 4..<9 {
            try benches[own].die(0..<3)
            #expect(rebuild(benches[own].take()) == nil)
            try benches[own].die([3])
            #expect(benches[own].machine.atRisk().map(\.segment) == [repairSegment(0)])
            if let work = rebuild(benches[own].take()) {
                repairers += 1
                #expect(work.indexes == [0, 1, 2, 3])
                #expect(Set(work.targets).count == 4)
            }
        }
        #expect(repairers == 1)
    }

    @Test func statement_ofARebuiltPiece_stopsTheOthers() throws {
        var bench = try RepairBench(own: 5, 3, of: 9, nodes: 12)
        try bench.die([0])
        bench.run(hour + .milliseconds(1))
        try bench.say(0, 0, on: 10, made: bench.now)
        let effects = bench.take()
        #expect(rebuild(effects) == nil || effects.contains(.cancel(repairSegment(0))))
        bench.run(hour * 3)
        #expect(rebuild(bench.take()) == nil)
        #expect(bench.machine.strength.live == 9)
    }

    @Test func holder_returns_theLaterMadeTwinIsWithdrawnByItsHolderOnly() throws {
        // Node 10 holds a second piece 0, made while node 0 was away.
        var late = try RepairBench(own: 10, 3, of: 9, nodes: 12, segments: [])
        late.hold(0, 0, made: repairStart + hour)
        for index in 0..<9 { try late.say(0, index, on: index) }
        var early = try RepairBench(own: 0, 3, of: 9, nodes: 12)
        try early.say(0, 0, on: 10, made: repairStart + hour)
        late.run(hour - .seconds(1))
        #expect(late.take().isEmpty)
        late.run(.seconds(1))
        #expect(late.take() == [.withdraw(repairSegment(0), index: 0)])
        #expect(late.machine.segmentCount == 0)
        early.run(hour * 9)
        #expect(early.take().isEmpty)
    }

    @Test func twin_diesAgain_nothingIsWithdrawn() throws {
        var late = try RepairBench(own: 10, 3, of: 9, nodes: 12, segments: [])
        late.hold(0, 0, made: repairStart + hour)
        for index in 0..<9 { try late.say(0, index, on: index) }
        late.run(hour - .seconds(1))
        try late.die([0])
        late.run(hour * 5)
        try late.live(0)
        late.run(hour - .seconds(1))
        #expect(late.take().allSatisfy { if case .sync = $0 { true } else { false } })
        #expect(late.machine.strength == SegmentStrength(live: 9, target: 9, wanted: 9))
    }

    @Test func meshIsSmall_restIsDebt_andIsRepairedWhenANodeJoins() throws {
        var bench = try RepairBench(own: 0, 3, of: 9, nodes: 9)
        try bench.die([7, 8])
        bench.run(hour * 20)
        #expect(rebuild(bench.take()) == nil)
        #expect(bench.machine.strength == SegmentStrength(live: 7, target: 7, wanted: 9))
        #expect(bench.machine.strength.debt == 2)
        try bench.live(30)
        bench.apply(bench.machine.candidatesChanged(try candidates(Array(0..<9) + [30]), now: bench.now))
        bench.run(hour)
        let work = rebuild(bench.take())
        #expect(work?.indexes == [7])
        #expect(work?.targets == [try nodeID(30)])
        #expect(bench.machine.strength.target == 8)
    }

    @Test func tooFewPiecesLive_nothingIsTriedUntilOneReturns() throws {
        var bench = try RepairBench(own: 0, 3, of: 9, nodes: 20)
        try bench.die(2..<9)
        #expect(bench.machine.strength.live == 2)
        bench.run(hour * 3)
        for case .rebuild in bench.take() { Issue.record("two pieces cannot rebuild anything") }
        try bench.live(2)
        bench.run(hour)
        #expect(rebuild(bench.take()) != nil)
    }
}
