import Core
import Objects

/// Objects lost in simulated days of repair, beside what chance predicts without it.
public struct RepairForecast: Sendable {
    /// Meshes are simulated up to this size; the repair of one object does not depend on how many others there are.
    public static let nodesMax = 300

    public let text: String

    /// - Parameters:
    ///   - nodes: Sizes of meshes; larger ones than ``nodesMax`` are simulated with as many.
    ///   - days: How long nodes come and go; a node is gone for good after 60 days on average.
    public init(nodes: [Int], days: Int, seed: UInt64, progress: (String) -> Void) {
        var lines: [String] = []
        for count in Set(nodes.map { min($0, Self.nodesMax) }).sorted() {
            let (k, n) = Self.code(count)
            for repairs in [false, true] {
                progress("\(count) nodes: \(days) days \(repairs ? "with" : "without") repair")
                var churn = HolderChurn()
                (churn.nodes, churn.k, churn.n, churn.segments) = (count, k, n, repairs ? 10 : 200)
                churn.lifetime = .seconds(60 * 86_400)
                churn.repairs = repairs
                var holders = SimulatedHolders(seed: seed, churn: churn)
                holders.run(for: .seconds(86_400 * days))
                lines.append("\(count) nodes, \(k) of \(n), \(repairs ? "repair" : "no repair"): \(holders.outcome)")
            }
        }
        for count in Set(nodes).sorted() {
            let (k, n) = Self.code(count)
            let lost = Self.lostWithAThird(of: count, k: k, n: n)
            lines.append(
                "\(count) nodes: a third vanishes at once, before any repair: an object of \(k) of \(n) is lost with "
                    + (lost == 0 ? "certainty not" : "probability \(lost)")
            )
        }
        text = lines.joined(separator: "\n")
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
