import Core

/// Where the copies of one thing shall lie, and how well they are spread.
public struct Placement: Hashable, Sendable {
    /// Holders that keep their copy, best first.
    public let kept: [NodeID]
    /// Nodes that shall make a copy, in the order they were drawn.
    public let added: [NodeID]
    /// Who takes over when one of ``added`` cannot, best first; a reserve may share the operator of one of them.
    public let reserves: [NodeID]
    public let spread: Spread

    /// All nodes that shall have a copy.
    public var chosen: [NodeID] { kept + added }
}

/// How a set of copies is spread over failure domains.
public struct Spread: Hashable, Sendable, CustomStringConvertible {
    public let wanted: Int
    /// Equals the number of operators: no operator has two.
    public let copies: Int
    public let hostings: Int
    public let jurisdictions: Int
    /// Distinct observed networks.
    public let networks: Int
    /// What falls short of one domain per copy, the gravest first.
    public let shortfalls: [Shortfall]

    /// One way in which copies share a fate, or are fewer than wanted.
    public enum Shortfall: Hashable, Sendable, CustomStringConvertible {
        /// Whole copies need different operators; the mesh has this many that can take one.
        case operators(wanted: Int, found: Int)
        /// More than one copy lies in this jurisdiction.
        case jurisdiction(String, copies: Int)
        /// More than one copy lies at this hosting provider.
        case hosting(String, copies: Int)
        /// More than one copy lies in this observed network.
        case network(NetworkPrefix, copies: Int)

        public var description: String {
            switch self {
            case .operators(let wanted, let found):
                "\(found) of \(wanted) copies: only \(found) operator\(found == 1 ? "" : "s") can take one"
            case .jurisdiction(let name, let copies):
                "\(copies) copies lie in jurisdiction \(name.isEmpty ? "(undeclared)" : name)"
            case .hosting(let name, let copies):
                "\(copies) copies lie at hosting provider \(name.isEmpty ? "(undeclared)" : name)"
            case .network(let prefix, let copies): "\(copies) copies lie in network \(prefix)"
            }
        }
    }

    /// "5 copies: 5 operators, 4 hosting providers, 3 jurisdictions".
    public var description: String {
        "\(copies) \(copies == 1 ? "copy" : "copies"): \(Self.count(copies, "operator")), "
            + "\(Self.count(hostings, "hosting provider")), \(Self.count(jurisdictions, "jurisdiction"))"
    }

    private static func count(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}

extension Placement {
    /// Proposes holders among `candidates`; equal inputs in any order give equal results.
    ///
    /// For one placement; who places often keeps a ``CandidateTable``. Candidates beyond
    /// ``CandidateTable/candidatesMax`` are left out.
    public static func place(
        key: [UInt8],
        candidates: [PlacementCandidate],
        count: Int,
        keeping holders: [NodeID] = []
    ) -> Placement {
        CandidateTable(candidates).place(PlacementKey(key), count: count, keeping: holders)
    }
}
