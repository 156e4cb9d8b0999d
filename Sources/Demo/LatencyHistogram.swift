/// Counts durations in buckets that grow by 1/16 of an octave: any percentile to within 5 %, in constant space.
package struct LatencyHistogram: Sendable {
    private static let bucketsPerOctave = 16
    private static let buckets = 16 * 40

    private var counts = [Int](repeating: 0, count: Self.buckets)
    package private(set) var count = 0

    package init() {}

    package mutating func record(_ duration: Duration) {
        let microseconds = max(1, duration / .microseconds(1))
        counts[Self.bucket(microseconds)] += 1
        count += 1
    }

    /// The duration that `percent` of all recorded ones do not exceed, rounded up to a bucket; `nil` when there is none.
    package func percentile(_ percent: Int) -> Duration? {
        guard count > 0 else { return nil }
        let rank = max(1, (count * percent + 99) / 100)
        var seen = 0
        for (bucket, number) in counts.enumerated() {
            seen += number
            if seen >= rank { return .microseconds(Self.upperBound(bucket)) }
        }
        return nil
    }

    package mutating func merge(_ other: LatencyHistogram) {
        for index in counts.indices { counts[index] += other.counts[index] }
        count += other.count
    }

    private static func bucket(_ microseconds: Double) -> Int {
        var octave = 0
        var rest = microseconds
        while rest >= 2, octave < buckets / bucketsPerOctave - 1 {
            rest /= 2
            octave += 1
        }
        let part = min(bucketsPerOctave - 1, Int((rest - 1) * Double(bucketsPerOctave)))
        return octave * bucketsPerOctave + part
    }

    private static func upperBound(_ bucket: Int) -> Double {
        let base = Double(Int64(1) << Int64(bucket / bucketsPerOctave))
        return base * (1 + Double(bucket % bucketsPerOctave + 1) / Double(bucketsPerOctave))
    }
}
