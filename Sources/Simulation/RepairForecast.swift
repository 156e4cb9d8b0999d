import Core
import Objects

/// Objects lost in simulated days of repair, beside what chance predicts without it.
public enum RepairForecast {
    /// Meshes are simulated up to this size; the repair of one object does not depend on how many others there are.
    public static let nodesMax = 300

    /// How long a node stays, on average, before it is gone for good.
    static let lifetime = Duration.seconds(60 * 86_400)

    /// - Parameters:
    ///   - nodes: Sizes of meshes; larger ones than ``nodesMax`` are simulated with as many.
    ///   - days: How long nodes come and go.
    ///   - found: Told each line as soon as it is there.
    public static func run(
        nodes: [Int],
        days: Int,
        seed: UInt64,
        progress: (String) -> Void,
        found: (String) -> Void
    ) {
        for count in Set(nodes.map { min($0, nodesMax) }).sorted() {
            let (k, n) = code(count)
            for repairs in [false, true] {
                progress("\(count) nodes: \(days) days \(repairs ? "with" : "without") repair")
                var churn = HolderChurn()
                (churn.nodes, churn.k, churn.n, churn.segments) = (count, k, n, repairs ? 10 : 200)
                churn.lifetime = lifetime
                churn.repairs = repairs
                var holders = SimulatedHolders(seed: seed, churn: churn)
                holders.run(for: .seconds(86_400 * days))
                found("\(count) nodes, \(k) of \(n), \(repairs ? "repair" : "no repair"): \(holders.outcome)")
            }
            let lost = lostWithoutRepair(k: k, n: n, after: .seconds(86_400 * days))
            found("\(count) nodes, \(k) of \(n), no repair: the binomial distribution predicts a share of \(lost) lost")
        }
        for count in Set(nodes).sorted() {
            let (k, n) = code(count)
            let lost = lostWithAThird(of: count, k: k, n: n)
            found(
                "\(count) nodes: a third vanishes at once, before any repair: an object of \(k) of \(n) is lost with "
                    + (lost == 0 ? "certainty not" : "probability \(lost)")
            )
        }
    }

    /// The probability that fewer than k of n holders are left when nobody repairs: each stays an exponential time.
    public static func lostWithoutRepair(k: Int, n: Int, after: Duration) -> Double {
        BinomialPrediction.fewer(than: k, of: n, p: BinomialPrediction.stayed(after: after, mean: lifetime))
    }

    /// The code that a mesh of this size uses.
    static func code(_ nodes: Int) -> (k: Int, n: Int) {
        let k = min(10, max(1, nodes / 3))
        return (k, 3 * k)
    }

    /// The probability that fewer than k of n pieces, each on a node of its own, are left when a third of all nodes, drawn
    /// at random, vanishes: the hypergeometric distribution.
    ///
    /// Zero where the pieces are on all nodes: then it is a guarantee.
    public static func lostWithAThird(of nodes: Int, k: Int, n: Int) -> Double {
        let gone = nodes / 3
        guard n <= nodes else { return 0 }
        var probability = 0.0
        for lost in (n - k + 1)...n where lost <= gone && n - lost <= nodes - gone {
            // C(n, lost) · C(nodes − n, gone − lost) / C(nodes, gone), as the chance of one order times the orders.
            var term = 1.0
            for index in 0..<lost {
                term *= Double(gone - index) / Double(nodes - index) * Double(n - index) / Double(index + 1)
            }
            for index in 0..<(n - lost) { term *= Double(nodes - gone - index) / Double(nodes - lost - index) }
            probability += term
        }
        return probability
    }
}
