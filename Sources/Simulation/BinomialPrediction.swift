import Core

/// What chance alone predicts, and how sure a counted share is.
public enum BinomialPrediction {
    /// The probability that fewer than `k` of `n` independent things happen, each with probability `p`.
    public static func fewer(than k: Int, of n: Int, p: Double) -> Double {
        guard k > 0, p > 0 else { return k > 0 ? 1 : 0 }
        guard p < 1 else { return k > n ? 1 : 0 }
        var total = 0.0
        for count in 0..<min(k, n + 1) {
            var term = 1.0
            // C(n, count) p^count (1 - p)^(n - count), multiplied in an order that stays in range for n ≤ 255.
            for factor in 0..<count { term *= Double(n - factor) / Double(factor + 1) * p / (1 - p) }
            for _ in 0..<n { term *= 1 - p }
            total += term
        }
        return min(total, 1)
    }

    /// The probability that an exponential time with this mean is longer than `after`: e^(−after/mean).
    ///
    /// The series of e^x has positive terms only, and arithmetic alone gives the same digits on any machine.
    public static func stayed(after: Duration, mean: Duration) -> Double {
        let ratio = Double(after.wholeMilliseconds) / Double(mean.wholeMilliseconds)
        var (sum, term, step) = (1.0, 1.0, 1.0)
        while term > sum * 1e-17 || step < ratio {
            term *= ratio / step
            sum += term
            step += 1
        }
        return 1 / sum
    }

    /// The Wilson score interval of `hits` in `trials`, `z` standard deviations wide to each side.
    ///
    /// Source: Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
    public static func interval(hits: Int, trials: Int, z: Double) -> ClosedRange<Double> {
        guard trials > 0 else { return 0...1 }
        let (count, share) = (Double(trials), Double(hits) / Double(trials))
        let middle = (share + z * z / (2 * count)) / (1 + z * z / count)
        let reach = z / (1 + z * z / count) * (share * (1 - share) / count + z * z / (4 * count * count)).squareRoot()
        return max(middle - reach, 0)...min(middle + reach, 1)
    }
}
