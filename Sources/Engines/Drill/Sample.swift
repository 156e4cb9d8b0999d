import Core

/// Which of many items are read, and what can be said of the rest.
public enum Sample {
    /// One item in so many is missed at most: the chance that what is stated is wrong.
    public static let doubt = 20

    /// `count` different numbers below `total`, each choice equally likely; sorted.
    ///
    /// Source: Floyd's algorithm, in Bentley and Floyd, "A sample of brilliance", CACM 1987.
    public static func draw(_ count: Int, of total: Int, seed: UInt64) -> [Int] {
        guard count < total else { return Array(0..<max(total, 0)) }
        var rng = SplitMix64(seed: seed)
        var chosen: Set<Int> = []
        for last in (total - max(count, 0))..<total {
            let number = Int.random(in: 0...last, using: &rng)
            chosen.insert(chosen.contains(number) ? last : number)
        }
        return chosen.sorted()
    }

    /// How many of `total` may be lost at most when none of `count` drawn ones was, with 95 % confidence.
    ///
    /// The largest d for which a draw without replacement misses all d with a probability above 1/``doubt``: the product of
    /// (total − count − j) / (total − j) for j below d (hypergeometric distribution; for large totals the rule of three,
    /// 3 · total / count). Whole numbers, rounded so that the answer is never too small.
    ///
    /// - Complexity: O(3 · total / count).
    public static func lostMax(drawn count: Int, of total: Int) -> Int {
        guard count < total else { return 0 }
        guard count > 0 else { return total }
        let threshold = UInt64.max / UInt64(doubt)
        var chance = UInt64.max
        var lost = 0
        while lost < total - count {
            let product = chance.multipliedFullWidth(by: UInt64(total - count - lost))
            let (quotient, remainder) = UInt64(total - lost).dividingFullWidth(product)
            chance = remainder == 0 ? quotient : quotient + 1
            guard chance > threshold else { return lost }
            lost += 1
        }
        return lost
    }
}
