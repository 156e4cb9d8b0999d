import BlockStore
import Core
import Testing

struct IntervalSetTests {
    @Test(arguments: UInt64(0)..<100)
    func changes_random_agreeWithASetOfPositions(seed: UInt64) {
        var rng = SplitMix64(seed: seed)
        var intervals = IntervalSet()
        var positions: Set<Int> = []
        for _ in 0..<60 {
            let start = Int.random(in: 0..<50, using: &rng)
            let range = start..<start + Int.random(in: 0..<12, using: &rng)
            if Bool.random(using: &rng) {
                intervals.insert(range)
                positions.formUnion(range)
            } else {
                intervals.remove(range)
                positions.subtract(range)
            }
            let replay: Comment = "replay: seed \(seed)"
            #expect(intervals.ranges.flatMap { Array($0) } == positions.sorted(), replay)
            for (range, next) in zip(intervals.ranges, intervals.ranges.dropFirst()) {
                #expect(range.upperBound < next.lowerBound, replay)
            }
            let probe = Int.random(in: 0..<50, using: &rng)..<55
            #expect(intervals.contains(probe) == positions.isSuperset(of: probe), replay)
            #expect(intervals.overlaps(probe) == !positions.isDisjoint(with: probe), replay)
        }
    }
}
