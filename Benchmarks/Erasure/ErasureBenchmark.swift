import CISAL
import Erasure

/// Prints the throughput of `ErasureCoder` beside bare calls of `ec_encode_data` with tables made beforehand.
///
/// Both code the same units of memory in turn; megabytes are those of the data pieces.
@main
struct ErasureBenchmark {
    static let unitLength = 65_536
    /// Stripes in memory, so that the data (30 MiB at 10 pieces) is not in the cache.
    static let stripeCount = 48
    static let rounds = 7

    static func main() throws {
        for parityCount in [20, 4] {
            let bench = try CodeBenchmark(dataCount: 10, parityCount: parityCount)
            try bench.encode()
            for lost in [1, 4, 10] where lost <= parityCount { try bench.reconstruct(lost: lost) }
        }
    }

    /// Runs both in turn and prints the medians of their throughputs.
    static func compare(_ name: String, byteCount: Int, own: () throws -> Void, bare: () -> Void) rethrows {
        let clock = ContinuousClock()
        var (owns, bares): ([Double], [Double]) = ([], [])
        try own()
        bare()
        for _ in 0..<rounds {
            bares.append(clock.measure(bare) / .seconds(1))
            owns.append(try clock.measure(own) / .seconds(1))
        }
        let (ownTime, bareTime) = (owns.sorted()[rounds / 2], bares.sorted()[rounds / 2])
        let rate = { (seconds: Double) in padded(String(Int(Double(byteCount) / seconds / 1_000_000)), 6) }
        let ratio = Int((bareTime / ownTime * 100).rounded())
        let hundredths = ratio % 100 < 10 ? "0\(ratio % 100)" : "\(ratio % 100)"
        let title = name + String(repeating: " ", count: max(0, 24 - name.count))
        let rates = "\(rate(ownTime)) MB/s   ec_encode_data \(rate(bareTime)) MB/s"
        print("\(title)\(rates)   ratio \(ratio / 100).\(hundredths)")
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
