import Core
import Placement

/// Made-up nodes: keys are counted up, no signature is ever needed.
func nodeID(_ number: Int) throws -> NodeID { try NodeID(keyBytes(1, number)) }
func operatorID(_ number: Int) throws -> OperatorID { try OperatorID(keyBytes(2, number)) }

private func keyBytes(_ role: UInt8, _ number: Int) -> [UInt8] {
    [role] + Array(repeating: 0, count: 23) + withUnsafeBytes(of: UInt64(number).bigEndian) { Array($0) }
}

func salt(_ number: Int) -> [UInt8] { withUnsafeBytes(of: UInt64(number).bigEndian) { Array($0) } }

/// One candidate; what is not given is a domain of its own.
func candidate(
    _ number: Int,
    operator operatorNumber: Int? = nil,
    hosting: Int? = nil,
    jurisdiction: Int? = nil,
    network: String? = nil,
    weight: UInt64 = 1 << 30
) throws -> PlacementCandidate {
    PlacementCandidate(
        node: try nodeID(number),
        operator: try operatorID(operatorNumber ?? number),
        hosting: "h\(hosting ?? number)",
        jurisdiction: "j\(jurisdiction ?? number)",
        network: network.flatMap { NetworkPrefix(address: $0) },
        weight: weight
    )
}

/// `count` nodes spread at random over that many operators, hosting providers and jurisdictions.
func mesh(
    _ count: Int,
    operators: Int,
    hostings: Int,
    jurisdictions: Int,
    using rng: inout SplitMix64
) throws -> [PlacementCandidate] {
    try (0..<count).map { number in
        try candidate(
            number,
            operator: Int.random(in: 0..<operators, using: &rng),
            hosting: Int.random(in: 0..<hostings, using: &rng),
            jurisdiction: Int.random(in: 0..<jurisdictions, using: &rng),
            weight: UInt64.random(in: 1...8, using: &rng) << 30
        )
    }
}
