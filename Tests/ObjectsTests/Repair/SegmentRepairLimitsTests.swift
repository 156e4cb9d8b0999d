import Core
import Objects
import Placement
import Testing

@Suite struct SegmentRepairLimitsTests {
    private let hour: Duration = .seconds(3600)

    private func rebuilds(_ effects: [SegmentRepairEffect]) -> [(segment: Digest, targets: [NodeID])] {
        effects.compactMap { if case .rebuild(let segment, _, let targets) = $0 { (segment, targets) } else { nil } }
    }

    private func settings(_ change: (inout SegmentRepairSettings) -> Void = { _ in }) -> SegmentRepairSettings {
        var settings = SegmentRepairSettings()
        settings.bytesPerSecondMax = 0
        change(&settings)
        return settings
    }

    @Test func manySegmentsLack_mostEndangeredIsFirst_andNoMoreThanAllowedAtOnce() throws {
        let eager = settings { settings in
            settings.takeoverDelay = .zero
            settings.transferRateMin = 1 << 40
        }
        var bench = try RepairBench(own: 8, 3, of: 9, nodes: 20, segments: Array(0..<40), settings: eager)
        for segment in 30..<40 {  // node 0 has two pieces of these
            try bench.say(segment, 1, on: 0)
            try bench.say(segment, 1, on: 1, .withdrawn)
        }
        try bench.die([0])
        bench.run(hour)
        var order: [Int] = []
        var open = rebuilds(bench.take()).map(\.segment)
        while !open.isEmpty {
            #expect(bench.machine.rebuildsInFlight == open.count && open.count <= 4)
            let segment = open.removeFirst()
            order += (0..<40).filter { repairSegment($0) == segment }
            bench.apply(bench.machine.rebuildFailed(segment, .local("no"), now: bench.now))
            open += rebuilds(bench.take()).map(\.segment)
        }
        #expect(Set(order.prefix(10)) == Set(30..<40) && Set(order.dropFirst(10)) == Set(0..<30))
    }

    @Test func rebuild_failsAgainAndAgain_waitsLongerAndStopsNobodyElse() throws {
        var bench = try RepairBench(own: 8, 3, of: 9, nodes: 20, segments: [0, 1], settings: settings())
        try bench.die([0])
        bench.run(hour * 3)
        var tries: [Digest: [Instant]] = [:]
        for _ in 0..<40_000 {
            for (segment, _) in rebuilds(bench.take()) {
                tries[segment, default: []].append(bench.now)
                if segment == repairSegment(1) {
                    bench.apply(bench.machine.rebuilt(segment, index: 0, on: try nodeID(15), now: bench.now))
                }
                let reason = RebuildFailure.tooFewPieces(got: 2, needed: 3)
                bench.apply(bench.machine.rebuildFailed(segment, reason, now: bench.now))
            }
            bench.run(.seconds(1))
        }
        #expect(tries[repairSegment(1)]?.count == 1)
        let waits = zip(tries[repairSegment(0)] ?? [], (tries[repairSegment(0)] ?? []).dropFirst()).map { $1 - $0 }
        #expect(waits.prefix(4) == [.seconds(30), .seconds(60), .seconds(120), .seconds(240)])
        #expect(waits.last == hour)
    }

    @Test func target_refuses_anotherIsChosen() throws {
        var bench = try RepairBench(own: 8, 3, of: 9, nodes: 15, settings: settings())
        try bench.die([0])
        var refusers: [NodeID] = []
        for _ in 0..<20_000 where refusers.count < 6 {
            for (segment, targets) in rebuilds(bench.take()) {
                refusers += targets
                bench.apply(bench.machine.rebuildFailed(segment, .refused(targets), now: bench.now))
            }
            bench.run(.seconds(1))
        }
        let spare = try (9..<15).map { try nodeID($0) }
        #expect(refusers.count == 6 && Set(refusers) == Set(spare))
    }

    @Test func onlyTarget_refuses_isAskedAgain() throws {
        var bench = try RepairBench(own: 8, 3, of: 9, nodes: 10, settings: settings())
        try bench.die([0])
        bench.run(hour * 3)
        var tries: [Instant] = []
        for _ in 0..<4_000 {
            for (segment, targets) in rebuilds(bench.take()) {
                #expect(targets == [try nodeID(9)])
                tries.append(bench.now)
                bench.apply(bench.machine.rebuildFailed(segment, .refused(targets), now: bench.now))
            }
            bench.run(.seconds(1))
        }
        let waits = zip(tries, tries.dropFirst()).map { $1 - $0 }
        #expect(waits.prefix(4) == [.seconds(120), .seconds(240), .seconds(480), .seconds(960)])
    }

    @Test func budget_isUsedUp_nextRebuildWaitsForIt() throws {
        let slow = settings { settings in
            settings.bytesPerSecondMax = 1 << 20
            settings.burstBytesMax = 1 << 20
            settings.rebuildsInFlightMax = 100
        }
        var bench = try RepairBench(own: 8, 3, of: 9, nodes: 20, segments: Array(0..<50), settings: slow)
        try bench.die([0])
        bench.run(hour - .milliseconds(1))
        #expect(rebuilds(bench.take()).isEmpty)
        bench.run(hour)
        // 2 pieces down and 1 up, 1 MiB each at 1 MiB/s: a rebuild in 3 s, and one from the quiet time.
        let first = rebuilds(bench.take()).count
        #expect(first == 50)
        var fresh = try RepairBench(own: 8, 3, of: 9, nodes: 20, segments: Array(0..<50), settings: slow)
        try fresh.die(0..<4)  // endangered, so all are lacking at once
        fresh.run(.seconds(30))
        let moved = rebuilds(fresh.take()).reduce(0) { $0 + 2 + $1.targets.count }
        #expect(moved <= 31 + 6)
    }

    @Test func segment_isRemoved_neverRepairedAndTheReturningHolderIsTold() throws {
        var bench = try RepairBench(own: 8, 3, of: 9, nodes: 20, settings: settings())
        try bench.die(0..<2)
        bench.apply(bench.machine.segmentGone(repairSegment(0), now: bench.now))
        bench.hold(0, 8)
        bench.run(hour * 5)
        #expect(bench.take().isEmpty)
        #expect(bench.machine.strength == SegmentStrength())
        try bench.live(1)
        let returned = try nodeID(1)
        #expect(bench.take() == [.sync([repairSegment(0)], with: returned)])
        try bench.say(0, 1, on: 1, .withdrawn)
        try bench.live(0)
        _ = bench.take()
        try bench.say(0, 0, on: 0, .withdrawn)
        #expect(bench.machine.segmentCount == 0)
    }

    @Test func rebuild_isUnderWayWhenTheSegmentIsRemoved_isCancelled() throws {
        var bench = try RepairBench(own: 8, 3, of: 9, nodes: 20, settings: settings())
        try bench.die(0..<4)
        bench.run(hour * 2)
        #expect(rebuilds(bench.take()).count == 1)
        bench.apply(bench.machine.segmentGone(repairSegment(0), now: bench.now))
        #expect(bench.take() == [.cancel(repairSegment(0))])
    }

    @Test func lease_ends_segmentIsForgotten() throws {
        var bench = try RepairBench(own: 8, 3, of: 9, nodes: 20, segments: [], settings: settings())
        bench.hold(0, 8, until: bench.now + hour)
        for index in 0..<8 { try bench.say(0, index, on: index) }
        bench.run(.seconds(900))
        try bench.die([0])
        bench.run(hour * 3)
        #expect(bench.take().isEmpty)
        #expect(bench.machine.segmentCount == 0)
        #expect(bench.machine.strength == SegmentStrength())
    }

    @Test func node_returns_twoHoldersPerSegmentExchangeWithIt() throws {
        var told = [Int](repeating: 0, count: 300)
        for own in 1..<9 {
            var bench = try RepairBench(own: own, 3, of: 9, nodes: 12, segments: Array(0..<300), settings: settings())
            try bench.die([0])
            try bench.live(0)
            let returned = try nodeID(0)
            for case .sync(let segments, let node) in bench.take() {
                #expect(node == returned && segments.count <= SegmentRepairSettings.syncBatchMax)
                for number in 0..<300 where segments.contains(repairSegment(number)) { told[number] += 1 }
            }
        }
        #expect(told.allSatisfy { $0 == 2 })
    }

    @Test func ownPiece_isLost_segmentIsNoBusinessAnyMore() throws {
        var bench = try RepairBench(own: 8, 3, of: 9, nodes: 20, settings: settings())
        bench.apply(bench.machine.pieceLost(repairSegment(0), index: 8, now: bench.now))
        try bench.die(0..<5)
        bench.run(hour * 5)
        #expect(bench.take().isEmpty && bench.machine.segmentCount == 0)
    }

    @Test func notices_areFromFarTooManyNodes_areBounded() throws {
        var bench = try RepairBench(own: 2, 1, of: 3, nodes: 5, settings: settings())
        for node in 100..<300 { try bench.say(0, node % 3, on: node) }
        #expect(bench.machine.refusedCount == 0)  // unknown nodes are silent ones, and silent ones give way
        for node in 300..<320 { try bench.live(node) }
        for node in 300..<320 { try bench.say(0, node % 3, on: node) }
        #expect(bench.machine.refusedCount == 20 + 3 - 12)
        try bench.say(0, 3, on: 1)
        try bench.say(0, 256, on: 1)
        try bench.say(0, -1, on: 1)
    }

    /// One event looks at a bounded number of segments; the rest follow in wake-ups that are due at once.
    @Test func aHundredThousandSegments_loseAHolder_areLookedAtInParts() throws {
        let busy = settings { $0.rebuildsInFlightMax = 200_000 }
        var bench = try RepairBench(own: 2, 1, of: 3, nodes: 9, segments: Array(0..<100_000), settings: busy)
        #expect(bench.machine.strength == SegmentStrength(live: 300_000, target: 300_000, wanted: 300_000))
        try bench.die([0])
        #expect(bench.machine.strength.live == 200_000)
        bench.run(hour)
        try bench.live(0)
        let asked = bench.take()
        let rebuilt = rebuilds(asked).count
        #expect((45_000...55_000).contains(rebuilt), "\(rebuilt) of 100000 are this node's turn")
        bench.run(.zero)
        #expect(bench.take().count { if case .cancel = $0 { true } else { false } } + 4096 >= rebuilt)
        #expect(bench.machine.strength.live == 300_000 && bench.machine.rebuildsInFlight == 0)
    }
}
