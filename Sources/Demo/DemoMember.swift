/// One node of the demo: who runs it, where it claims to stand, which address it has.
package struct DemoMember: Sendable, Equatable {
    /// From 0; shown from 1.
    package let index: Int
    package let operatorName: String
    package let hosting: String
    package let jurisdiction: String
    /// Loopback address; each operator has a /24 of its own.
    package let host: String

    package var title: String { "node \(index + 1)" }

    /// Subnets `127.0.x.0/24` from which an operator's one is taken.
    package static let subnets = 16..<240
    private static let operatorsMin = 6
    private static let hostings = ["home", "hetzner", "aws", "ovh", "scaleway"]
    private static let jurisdictions = ["CH", "DE", "US", "FR"]

    /// Spreads `count` nodes over half as many operators, at least six.
    ///
    /// The first nodes in order belong to different operators, so that each operator's key is made once before its
    /// second node needs it.
    ///
    /// - Parameter firstSubnet: x of the first operator's 127.0.x.0/24.
    package static func spread(count: Int, firstSubnet: Int) -> [DemoMember] {
        let operators = min(count, max(operatorsMin, count / 2))
        return (0..<count).map { index in
            let who = index % operators
            return DemoMember(
                index: index,
                operatorName: "op-\(who + 1)",
                hosting: hostings[who % hostings.count],
                jurisdiction: jurisdictions[who % jurisdictions.count],
                host: "127.0.\(firstSubnet + who).\(1 + index / operators)"
            )
        }
    }

    /// How many operators ``spread(count:firstSubnet:)`` makes of `count` nodes.
    package static func operatorCount(of count: Int) -> Int {
        min(count, max(operatorsMin, count / 2))
    }
}
