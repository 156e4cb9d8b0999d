import Core
import Namespace
import Owners
import Testing

@Suite struct CompactionTests {
    private func parts(_ sizes: [UInt64]) throws -> [PartReference] {
        try sizes.enumerated().map {
            PartReference(object: try object($0, [($0, 0, 1_000)]), entryCount: 1, byteCount: $1, level: UInt8($0 % 3))
        }
    }

    @Test func plan_upToEightParts_isNone() throws {
        #expect(try CompactionPlan(parts(Array(repeating: 10, count: 8))) == nil)
    }

    @Test func plan_ofNineParts_takesTheSmallest() throws {
        let plan = try CompactionPlan(parts([9_000_000, 10, 20, 500_000, 10, 10, 1_000, 10, 70_000_000]))
        #expect(plan?.merges == [1, 2, 4, 5, 7])
        #expect(plan?.level == 3)
    }

    @Test func plan_ofEqualParts_takesAll() throws {
        #expect(try CompactionPlan(parts(Array(repeating: 10, count: 24)))?.merges.count == 24)
    }

    @Test func appending_forever_staysBelowTheLimitAndRewritesLogarithmically() throws {
        var sizes: [UInt64] = []
        var rewritten: UInt64 = 0
        for _ in 0..<10_000 {
            sizes.append(100)
            while let plan = CompactionPlan(try parts(sizes)) {
                let sum = plan.merges.reduce(UInt64(0)) { $0 + sizes[$1] }
                rewritten += sum
                sizes = sizes.indices.filter { !plan.merges.contains($0) }.map { sizes[$0] } + [sum]
            }
            #expect(sizes.count <= CompactionPlan.partsMax)
        }
        #expect(rewritten < 10_000 * 100 * 20)  // log₂(10,000) is about 13
    }

    @Test func removals_thatHideNothing_goAfterTheRetention() throws {
        let gone = try entry("a", 5, base: 4, content: .removed)
        let older = try entry("a", 3)
        let other = try entry("a", 3, device: 2)
        let late = start + Compaction.retention
        #expect(Compaction.merge([[older], [gone]], rest: [], now: late - .milliseconds(1)) == [gone])
        #expect(Compaction.merge([[older], [gone]], rest: [], now: late).isEmpty)
        #expect(Compaction.merge([[gone]], rest: [[other]], now: late) == [gone])
        #expect(Compaction.merge([[gone]], rest: [[older]], now: late) == [gone])
        let removedToo = try entry("a", 3, device: 2, content: .removed)
        #expect(Compaction.merge([[gone]], rest: [[removedToo]], now: late).isEmpty)
    }

    @Test func entries_hiddenByAnotherDevice_goAfterTheRetention() throws {
        let mine = try entry("a", 3)
        let theirs = try entry("a", 5, device: 2, base: 3)
        let late = start + Compaction.retention
        #expect(Compaction.merge([[mine]], rest: [[theirs]], now: late - .milliseconds(1)) == [mine])
        #expect(Compaction.merge([[mine]], rest: [[theirs]], now: late).isEmpty)
    }
}
