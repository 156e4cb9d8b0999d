/// What a node's process took in memory over a run, and whether it grows.
struct MemoryHistory: Sendable {
    private struct Sample {
        let elapsed: Duration
        let bytes: Int
    }

    /// Of the process that runs now: a new one begins anew.
    private var samples: [Sample] = []
    private(set) var most = 0
    private(set) var first: Int?
    private(set) var lives = 0

    /// A process needs this long to have seen everything once.
    private static let warmUp = Duration.seconds(60)
    /// Growth beyond these is a leak: caches fill meanwhile.
    private static let growthRatioMax = 1.35
    private static let growthBytesMax = 32 << 20

    mutating func begin() {
        samples = []
        lives += 1
    }

    mutating func add(_ bytes: Int, at elapsed: Duration) {
        samples.append(Sample(elapsed: elapsed, bytes: bytes))
        most = max(most, bytes)
        first = first ?? bytes
    }

    var last: Int? { samples.last?.bytes }

    /// The medians of the second and of the last quarter of the latest process's life; `nil` for a short one.
    var quarters: (early: Int, late: Int)? {
        guard let begin = samples.first?.elapsed, let end = samples.last?.elapsed, end - begin > Self.warmUp * 2,
            samples.count >= 16
        else { return nil }
        let quarter = samples.count / 4
        return (Self.median(samples[quarter..<2 * quarter]), Self.median(samples[(3 * quarter)...]))
    }

    var isGrowing: Bool {
        guard let quarters else { return false }
        return Double(quarters.late) > Double(quarters.early) * Self.growthRatioMax
            && quarters.late > quarters.early + Self.growthBytesMax
    }

    private static func median(_ samples: ArraySlice<Sample>) -> Int {
        samples.map(\.bytes).sorted()[samples.count / 2]
    }
}
