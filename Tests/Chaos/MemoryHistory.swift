/// What a node's process took in memory over a run, and whether it grows.
struct MemoryHistory: Sendable {
    private struct Sample {
        let elapsed: Duration
        let bytes: Int

        var minutes: Double { elapsed / .seconds(60) }
    }

    /// How fast a process grew once it had warmed up.
    struct Trend {
        /// Slope of the straight line that fits best (least squares).
        let bytesPerMinute: Double
        /// What it comes to over the time that was looked at.
        let bytes: Double

        var isGrowing: Bool { bytesPerMinute > bytesPerMinuteMax && bytes > bytesMax }
    }

    /// The lives of the processes, one after the other.
    private var lives: [[Sample]] = []

    /// A process needs this long to have seen everything once, and for its caches to fill.
    static let warmUp = Duration.seconds(120)
    /// What is looked at afterwards has to last so long: a process that starts again fills its caches for minutes.
    private static let spanMin = Duration.seconds(300)
    /// Of a life of so long only the last ``spanMin`` count: caches are full by then.
    private static let longLife = Duration.seconds(720)
    /// Growth beyond both of these counts: caches fill meanwhile. Slower growth is not excluded by staying below.
    static let bytesPerMinuteMax = Double(3 << 20)
    private static let bytesMax = Double(16 << 20)

    mutating func begin() { lives.append([]) }

    mutating func add(_ bytes: Int, at elapsed: Duration) {
        guard !lives.isEmpty else { return }
        lives[lives.count - 1].append(Sample(elapsed: elapsed, bytes: bytes))
    }

    private var samples: [Sample] { lives.flatMap { $0 } }
    var starts: Int { lives.count }
    var first: Int? { samples.first?.bytes }
    var most: Int? { samples.map(\.bytes).max() }
    var last: Int? { samples.last?.bytes }

    /// Half way between the first and the last sample.
    var middle: Int? {
        guard let begin = samples.first?.elapsed, let end = samples.last?.elapsed else { return nil }
        return samples.first { $0.elapsed >= begin + (end - begin) / 2 }?.bytes
    }

    /// Of each process that lived long enough to tell.
    var trends: [Trend] { lives.compactMap(Self.steadyPart(of:)).map(Self.trend(of:)) }

    /// Of the process that grew fastest; `nil` when none lived long enough to tell.
    var fastest: Trend? { trends.max { $0.bytesPerMinute < $1.bytesPerMinute } }

    var isGrowing: Bool { trends.contains(where: \.isGrowing) }

    private static func trend(of samples: ArraySlice<Sample>) -> Trend {
        let count = Double(samples.count)
        let middle = samples.map(\.minutes).reduce(0, +) / count
        let mean = samples.map { Double($0.bytes) }.reduce(0, +) / count
        var (products, squares) = (0.0, 0.0)
        for sample in samples {
            products += (sample.minutes - middle) * (Double(sample.bytes) - mean)
            squares += (sample.minutes - middle) * (sample.minutes - middle)
        }
        let slope = products / squares
        return Trend(bytesPerMinute: slope, bytes: slope * (span(of: samples) / .seconds(60)))
    }

    private static func span(of life: some BidirectionalCollection<Sample>) -> Duration {
        guard let begin = life.first?.elapsed, let end = life.last?.elapsed else { return .zero }
        return end - begin
    }

    /// A life without its beginning, of a long one the end, if enough is left.
    private static func steadyPart(of life: [Sample]) -> ArraySlice<Sample>? {
        guard let begin = life.first?.elapsed, let end = life.last?.elapsed else { return nil }
        guard end - begin >= warmUp + spanMin else { return nil }
        let start = end - begin >= longLife ? end - spanMin : begin + warmUp
        let steady = life.drop { $0.elapsed < start }
        return span(of: steady) > .zero ? steady : nil
    }
}
