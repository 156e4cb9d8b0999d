import Core
import Demo
import Testing

struct LatencyHistogramTests {
    @Test func nothing_hasNoPercentile() {
        #expect(LatencyHistogram().percentile(50) == nil)
    }

    @Test(arguments: UInt64(0)..<50)
    func percentiles_ofRandomTimes_areWithinFivePercentAbove(seed: UInt64) throws {
        var rng = SplitMix64(seed: seed)
        var histogram = LatencyHistogram()
        var times: [Int64] = []
        for _ in 0..<500 {
            let time = Int64.random(in: 1...(1 << Int64.random(in: 1...30, using: &rng)), using: &rng)
            times.append(time)
            histogram.record(.microseconds(time))
        }
        times.sort()
        for percent in [1, 50, 90, 99, 100] {
            let exact = Double(times[max(1, (500 * percent + 99) / 100) - 1])
            let shown = try #require(histogram.percentile(percent)) / .microseconds(1)
            #expect(shown >= exact && shown <= exact * 1.07 + 1, "p\(percent): \(shown) for \(exact)")
        }
    }

    @Test func merged_countsBoth() {
        var one = LatencyHistogram()
        var other = LatencyHistogram()
        for _ in 0..<99 { one.record(.milliseconds(1)) }
        other.record(.seconds(9))
        one.merge(other)
        #expect(one.count == 100)
        #expect((one.percentile(99) ?? .zero) < .milliseconds(2))
        #expect((one.percentile(100) ?? .zero) >= .seconds(9))
    }

    @Test(arguments: [Duration.zero, .nanoseconds(1), .seconds(10_000_000), .seconds(-1)])
    func time_outOfRange_isCounted(time: Duration) {
        var histogram = LatencyHistogram()
        histogram.record(time)
        #expect(histogram.percentile(50) != nil)
    }
}
