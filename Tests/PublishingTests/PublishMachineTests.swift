import Core
import Placement
import Publishing
import Testing

@Suite struct PublishMachineTests {
    private func machine(
        _ candidates: [PlacementCandidate],
        own: Int = 0,
        holders: [Int] = [],
        copies: Int = 5,
        bytes: UInt64 = 1000
    ) -> PublishMachine {
        PublishMachine(
            publisher: publisherID(1),
            candidates: CandidateTable(candidates),
            own: nodeID(own),
            holders: holders.map(nodeID),
            copies: copies,
            byteCount: bytes
        )
    }

    private func asked(_ effects: [PublishMachine.Effect]) -> [NodeID] {
        effects.compactMap { if case .ask(let node) = $0 { node } else { nil } }
    }

    private func outcome(_ effects: [PublishMachine.Effect]) -> PublishMachine.Outcome? {
        effects.compactMap { if case .placed(let outcome) = $0 { outcome } else { nil } }.first
    }

    @Test func enoughNodesAccept_isPlacedOnDistinctOperators() throws {
        var machine = machine((0..<12).map { candidate($0, operator: $0 / 2) })
        let nodes = asked(machine.start(now: start))
        #expect(nodes.count == 4, "the publisher's own node is the fifth copy")
        #expect(Set(nodes).isDisjoint(with: [nodeID(0), nodeID(1)]))
        let outcomes = nodes.map { outcome(machine.accepted($0, now: start)) }
        #expect(outcomes.dropLast().allSatisfy { $0 == nil })
        let result = try #require(outcomes.last ?? nil)
        #expect(result.nodes == [nodeID(0)] + nodes)
        #expect(result.spread.copies == 5 && result.reason == nil)
        let later = machine.tick(now: start + day(1))
        #expect(later.isEmpty, "it ends once")
    }

    @Test func nodesRefuseOrStaySilent_othersAreAsked() throws {
        var machine = machine((0..<8).map { candidate($0) })
        let first = asked(machine.start(now: start))
        let second = asked(machine.refused(first[0], reason: "disk full", now: start))
        #expect(second.count == 1 && !first.contains(second[0]))
        machine.progressed(first[1], now: start + .seconds(10))
        let third = asked(machine.tick(now: start + PublishMachine.askTimeoutDefault))
        #expect(third.count == 2, "three are overdue, one of eight refused, two are left")
        let late = machine.accepted(first[2], now: start + .seconds(16))
        #expect(outcome(late) == nil)
        _ = machine.accepted(first[1], now: start + .seconds(16))
        _ = machine.accepted(third[0], now: start + .seconds(16))
        let last = machine.accepted(third[1], now: start + .seconds(16))
        #expect(try #require(outcome(last)).spread.copies == 5, "the late answer counted")
    }

    @Test func meshIsSmall_succeedsWithFewerAndSaysWhy() throws {
        var machine = machine((0..<3).map { candidate($0) })
        let nodes = asked(machine.start(now: start))
        #expect(nodes.count == 2)
        _ = machine.accepted(nodes[0], now: start)
        let last = machine.accepted(nodes[1], now: start)
        let result = try #require(outcome(last))
        #expect(result.nodes.count == 3)
        #expect(result.reason == "3 of 5 copies: only 3 operators of this mesh lend space")

        var alone = self.machine([candidate(0)])
        let only = alone.start(now: start)
        #expect(outcome(only)?.reason == "1 of 5 copies: only 1 operator of this mesh lends space")
    }

    @Test func nobodyTakesACopy_fails() throws {
        var machine = machine([candidate(1), candidate(2)])  // the own node lends nothing
        for node in asked(machine.start(now: start)) {
            let effects = machine.refused(node, reason: "disk full", now: start)
            guard case .failed(let reason) = effects.last else { continue }
            #expect(reason.contains("disk full"))
            return
        }
        Issue.record("it did not fail")
    }

    @Test func olderVersionIsHeld_itsHoldersArePreferred() {
        var machine = machine((0..<20).map { candidate($0) }, holders: [3, 8, 11, 15])
        let preferred = asked(machine.start(now: start))
        #expect(Set(preferred) == Set([3, 8, 11, 15].map(nodeID)))
        var dead = self.machine((0..<20).map { candidate($0, weight: $0 == 3 ? 0 : 1 << 30) }, holders: [3, 8, 11, 15])
        let nodes = asked(dead.start(now: start))
        #expect(nodes.count == 4 && Set(nodes).isSuperset(of: [8, 11, 15].map(nodeID)) && !nodes.contains(nodeID(3)))
    }

    @Test func siteIsLargerThanANodeLends_thatNodeIsNotAsked() {
        var machine = machine((0..<6).map { candidate($0, weight: $0 < 3 ? 1 << 30 : 100) }, bytes: 500)
        let roomy = asked(machine.start(now: start))
        #expect(Set(roomy) == [nodeID(1), nodeID(2)])
    }

    @Test(arguments: UInt64(0)..<100)
    func nodesAnswerAtRandom_alwaysEndsWithTheMostCopiesPossible(seed: UInt64) throws {
        var rng = SplitMix64(seed: seed)
        let candidates = (0..<15).map { candidate($0, operator: $0 % 8) }
        var machine = machine(candidates)
        var now = start
        let good = Set((1..<15).filter { _ in Bool.random(using: &rng) }.map(nodeID))
        var waiting: [NodeID] = []
        var result: PublishMachine.Outcome?
        func take(_ effects: [PublishMachine.Effect]) {
            waiting += asked(effects)
            result = result ?? outcome(effects)
        }
        take(machine.start(now: now))
        for _ in 0..<60 where result == nil {
            now = now + .seconds(4)
            if let node = waiting.randomElement(using: &rng) {
                waiting.removeAll { $0 == node }
                if good.contains(node) {
                    take(machine.accepted(node, now: now))
                } else if Bool.random(using: &rng) {
                    take(machine.refused(node, reason: "busy", now: now))
                }
            }
            take(machine.tick(now: now))
        }
        let placed = try #require(result)
        #expect(placed.spread.copies == 5 || placed.reason != nil)
        #expect(Set(placed.nodes).isSubset(of: good.union([nodeID(0)])))
    }
}
