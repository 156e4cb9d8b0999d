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
    static let rounds = 15
    static let roundTime = Duration.milliseconds(60)

    static func main() throws {
        for parityCount in [20, 4] {
            let bench = try CodeBenchmark(dataCount: 10, parityCount: parityCount)
            try bench.encode()
            for lost in [1, 4, 10] where lost <= parityCount { try bench.reconstruct(lost: lost) }
        }
    }

    /// Runs both in turn and prints the medians of their throughputs and of their ratios.
    static func compare(_ name: String, byteCount: Int, own: () throws -> Void, bare: () -> Void) rethrows {
        let clock = ContinuousClock()
        var (owns, bares, ratios): ([Double], [Double], [Double]) = ([], [], [])
        try own()
        // What is fast is done more often in a round, so that a round is no shorter than its disturbances.
        let passes = max(1, Int((roundTime / clock.measure(bare)).rounded()))
        for _ in 0..<rounds {
            let bareTime = clock.measure { for _ in 0..<passes { bare() } } / .seconds(1) / Double(passes)
            let ownTime = try clock.measure { for _ in 0..<passes { try own() } } / .seconds(1) / Double(passes)
            bares.append(bareTime)
            owns.append(ownTime)
            ratios.append(bareTime / ownTime)
        }
        let rate = { (times: [Double]) in
            padded(String(Int(Double(byteCount) / times.sorted()[rounds / 2] / 1_000_000)), 6)
        }
        let ratio = Int((ratios.sorted()[rounds / 2] * 100).rounded())
        let hundredths = ratio % 100 < 10 ? "0\(ratio % 100)" : "\(ratio % 100)"
        let title = name + String(repeating: " ", count: max(0, 24 - name.count))
        let rates = "\(rate(owns)) MB/s   ec_encode_data \(rate(bares)) MB/s"
        print("\(title)\(rates)   ratio \(ratio / 100).\(hundredths) (0.95 wanted)")
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
