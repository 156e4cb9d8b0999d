import Core
import Drill
import Placement

/// Made-up nodes: keys are counted up, no signature is ever needed.
func nodeID(_ number: Int) throws -> NodeID { try NodeID(keyBytes(1, number)) }
func operatorID(_ number: Int) throws -> OperatorID { try OperatorID(keyBytes(2, number)) }

private func keyBytes(_ role: UInt8, _ number: Int) -> [UInt8] {
    [role] + Array(repeating: 0, count: 23) + withUnsafeBytes(of: UInt64(number).bigEndian) { Array($0) }
}

func candidate(
    _ number: Int,
    operator operatorNumber: Int,
    hosting: String = "home",
    jurisdiction: String = "CH",
    network: String? = nil
) throws -> PlacementCandidate {
    PlacementCandidate(
        node: try nodeID(number),
        operator: try operatorID(operatorNumber),
        hosting: hosting,
        jurisdiction: jurisdiction,
        network: network.flatMap { NetworkPrefix(address: $0) },
        weight: 1
    )
}

/// Six nodes: two operators with two, two with one; an observed network of two.
func smallMesh() throws -> DomainMap {
    DomainMap([
        try candidate(0, operator: 0, hosting: "aws", jurisdiction: "US", network: "203.0.113.7"),
        try candidate(1, operator: 0, hosting: "aws", jurisdiction: "DE", network: "203.0.113.9"),
        try candidate(2, operator: 1, hosting: "home", jurisdiction: "DE", network: "127.0.0.1"),
        try candidate(3, operator: 1, hosting: "", jurisdiction: "CH", network: "10.0.0.1"),
        try candidate(4, operator: 2, hosting: "", jurisdiction: "FR"),
        try candidate(5, operator: 3, hosting: "ovh", jurisdiction: "FR", network: "2001:db8:7::1"),
    ])
}

extension SmallestLoss {
    /// With a budget of its own.
    static func find(_ kind: DomainKind, in inventory: Inventory, _ domains: DomainMap) -> SmallestLoss? {
        var budget = SearchBudget()
        return find(kind, in: inventory, domains, budget: &budget)
    }
}
