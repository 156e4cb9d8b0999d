import Core
import Placement

/// Which nodes fail together, by the rules of placement: the operator is signed, hosting and jurisdiction are claims, the
/// network is what peers observed, and a node without an observed network lies in none.
public struct DomainMap: Sendable {
    /// What a domain without a name is called: nodes that say nothing may well share everything.
    public static let undeclared = "(undeclared)"

    private var namesOf: [NodeID: [DomainKind: String]] = [:]
    private var nodesIn: [DomainKind: [String: [NodeID]]] = [:]

    public init(_ candidates: [PlacementCandidate]) {
        for candidate in candidates.sorted(by: { $0.node < $1.node }) where namesOf[candidate.node] == nil {
            var names: [DomainKind: String] = [
                .operator: candidate.operator.description,
                .hosting: candidate.hosting.isEmpty ? Self.undeclared : candidate.hosting,
                .jurisdiction: candidate.jurisdiction.isEmpty ? Self.undeclared : candidate.jurisdiction,
            ]
            names[.network] = candidate.network?.description
            namesOf[candidate.node] = names
            for (kind, name) in names { nodesIn[kind, default: [:]][name, default: []].append(candidate.node) }
        }
    }

    /// All nodes, in key order.
    public var nodes: [NodeID] { namesOf.keys.sorted() }

    /// The domain of a kind that a node lies in; `nil` for an unknown node and an unobserved network.
    public func name(of node: NodeID, _ kind: DomainKind) -> String? { namesOf[node]?[kind] }

    /// All domains of a kind, sorted.
    public func names(of kind: DomainKind) -> [String] { (nodesIn[kind] ?? [:]).keys.sorted() }

    /// The nodes of a domain, in key order.
    public func nodes(in kind: DomainKind, _ name: String) -> [NodeID] { nodesIn[kind]?[name] ?? [] }
}
