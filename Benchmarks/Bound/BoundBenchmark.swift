import Erasure
import Glibc

/// Measures what storing, reading and repairing private objects cannot do without, each part alone.
///
/// `bound-bench FOLDER MEBIBYTES K N LOST`: the bytes of so many mebibytes of plaintext, coded K of N, and the repair of
/// LOST pieces of each segment, on average. Each part runs after a warm-up, from memory that is used again, with the libraries that
/// Holdfast uses. A bound is the processor time of the parts over the cores, or the time of the disk where that is longer.
@main
struct BoundBenchmark {
    static func main() throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        let numbers = arguments.dropFirst().prefix(3).compactMap { Int($0) }
        guard arguments.count == 5, numbers.count == 3, let lostCount = Double(arguments[4]), numbers[0] >= 64,
            numbers[1] >= 1, numbers[2] > numbers[1], lostCount > 0, lostCount <= Double(numbers[2] - numbers[1])
        else {
            print("usage: bound-bench FOLDER MEBIBYTES(≥ 64) K N LOST(≤ N-K)")
            exit(2)
        }
        let folder = arguments[0]
        let segments = numbers[0] / 64
        let sample = try SampleSegment(dataCount: numbers[1], totalCount: numbers[2], lost: Int(lostCount.rounded(.up)))
        let disk = try PieceFiles(folder: folder, count: numbers[2])
        defer { disk.remove() }
        let link = try TLSLink()
        defer { link.close() }

        let plaintext = segments * sample.data.count
        let seal = try measure(segments) { try sample.seal() }
        let open = try measure(segments) { try sample.open() }
        let hash = measure(segments) { sample.hash() }
        let encode = try measure(segments) { try sample.encode() }
        let rebuild = try measure(segments) { try sample.rebuild() }
        let tls = try measure(segments) { try link.send(sample.all) }
        let write = try measure(segments) { try disk.write(sample.all) }
        let read = try measure(segments) { try disk.read(sample.data.count) }

        let lost = lostCount / Double(numbers[1])
        let others = Double(numbers[1] - 1) / Double(numbers[1])
        let share = Double(numbers[1]) / Double(numbers[2])
        Job(
            "put",
            plaintext,
            [
                Part("read the source", read),
                Part("seal", seal),
                Part("code, once", encode),
                Part("hash by the client", hash),
                Part("TLS, both ends", tls),
                Part("hash by the holders", hash),
                Part("write and sync", write),
            ]
        ).report()
        Job(
            "get",
            plaintext,
            [
                Part("read the pieces", read),
                Part("check by the holders", hash, times: share),
                Part("TLS, both ends", tls, times: share),
                Part("check by the client", hash, times: share),
                Part("open", open),
                Part("write and sync", write, times: share),
            ]
        ).report()
        Job(
            "repair",
            Int(Double(plaintext) * lost),
            [
                Part("read k pieces", read),
                Part("check by the holders", hash, times: share),
                Part("TLS of what is fetched", tls, times: share * others),
                Part("check by the repairer", hash, times: share),
                Part("rebuild", rebuild),
                Part("TLS of what is stored", tls, times: share * lost),
                Part("hash by the new holders", hash, times: share * lost),
                Part("write and sync", write, times: share * lost),
            ]
        ).report()
    }

    /// Runs `body` once to warm up, then so many times.
    static func measure(_ rounds: Int, _ body: () throws -> Void) rethrows -> Cost {
        try body()
        let before = processorSeconds()
        let time = try ContinuousClock().measure { for _ in 0..<rounds { try body() } }
        return Cost(processor: processorSeconds() - before, time: time / .seconds(1))
    }

    /// User and system time of all threads of this process.
    private static func processorSeconds() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1_000_000 }
    }
}

/// What one part took.
struct Cost {
    /// Seconds of processor time.
    let processor: Double
    /// Seconds that passed.
    let time: Double
}
