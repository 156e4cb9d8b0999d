import Core
import Placement

/// Nodes that a drill takes for lost, and why each of them.
public struct Loss: Hashable, Sendable {
    /// What one rule stands for.
    public struct Part: Hashable, Sendable {
        public let rule: LossRule
        /// In key order.
        public let nodes: [NodeID]
    }

    public let parts: [Part]
    public let nodes: Set<NodeID>

    /// Nodes that exist, at most, when a name is refused.
    public static let namedMax = 16
    /// A key may be given by so many of its last characters, as tables show it.
    private static let suffixMin = 8

    /// Finds the nodes that `rules` name.
    ///
    /// - Parameters:
    ///   - domains: Every node of the mesh, this one included.
    ///   - alive: The nodes of which a share is drawn.
    ///   - operators: Names that this machine has for operators, with their keys.
    ///   - seed: Equal seeds draw equal shares of equal meshes.
    /// - Throws: ``DrillError`` `.unknown` with what there is, `.malformed` for too many rules or a name that fits several.
    public init(
        _ rules: [LossRule],
        in domains: DomainMap,
        alive: [NodeID],
        operators: [String: OperatorID],
        seed: UInt64
    ) throws(DrillError) {
        guard rules.count <= LossRule.rulesMax else {
            throw DrillError(.malformed, "\(rules.count) losses at once, at most \(LossRule.rulesMax) are possible")
        }
        var parts: [Part] = []
        for rule in rules {
            let nodes: [NodeID]
            switch rule {
            case .share(let percent): nodes = Self.draw(percent, of: alive, seed: seed)
            case .node(let name): nodes = [try Self.node(name, in: domains)]
            case .domain(let kind, let name):
                nodes = domains.nodes(in: kind, try Self.domain(kind, name, in: domains, operators))
            }
            parts.append(Part(rule: rule, nodes: nodes))
        }
        self.parts = parts
        nodes = Set(parts.flatMap(\.nodes))
    }

    /// So many percent of the nodes, rounded up: the first in the order that the seed gives them.
    ///
    /// A draw, and not the worst choice: it tells what an outage of that size does as a rule, while ``SmallestLoss`` tells
    /// exactly what the worst one needs. Independent of the order in which nodes became known.
    private static func draw(_ percent: Int, of nodes: [NodeID], seed: UInt64) -> [NodeID] {
        let count = (nodes.count * percent + 99) / 100
        let salt = PlacementKey(withUnsafeBytes(of: seed.bigEndian) { Array($0) })
        let ranked = nodes.map { (rank: salt.rank(PlacementKey.hash(of: $0)), node: $0) }
        return ranked.sorted { ($0.rank, $0.node) < ($1.rank, $1.node) }.prefix(count).map(\.node).sorted()
    }

    private static func node(_ name: String, in domains: DomainMap) throws(DrillError) -> NodeID {
        let nodes = domains.nodes
        let found = try only(nodes.filter { fits($0.description, name) }, "node", name)
        guard let found else { throw unknown("node", name, nodes.map(\.short)) }
        return found
    }

    private static func domain(
        _ kind: DomainKind,
        _ name: String,
        in domains: DomainMap,
        _ operators: [String: OperatorID]
    ) throws(DrillError) -> String {
        let names = domains.names(of: kind)
        let found: String?
        switch kind {
        case .operator:
            let own = operators[name].map(\.description)
            found = try only(names.filter { own == $0 || own == nil && fits($0, name) }, "operator", name)
        case .network:
            let prefix = NetworkPrefix(address: String(name.prefix { $0 != "/" }))?.description
            let isWhole = !name.contains("/") || name == prefix
            found = isWhole ? names.first { $0 == prefix } : nil
        case .hosting, .jurisdiction: found = names.first { $0 == name }
        }
        if let found { return found }
        let titles = Dictionary(operators.map { ($0.value.description, $0.key) }, uniquingKeysWith: min)
        throw unknown(kind.rawValue, name, names.map { titles[$0] ?? (kind == .operator ? ending($0) : $0) })
    }

    private static func ending(_ key: String) -> String { String(key.suffix(suffixMin)) }

    /// Whether `name` is a key's text, or its end.
    private static func fits(_ key: String, _ name: String) -> Bool {
        key == name || name.utf8.count >= suffixMin && key.hasSuffix(name)
    }

    private static func only<Found>(_ found: [Found], _ kind: String, _ name: String) throws(DrillError) -> Found? {
        guard found.count < 2 else {
            throw DrillError(.malformed, "\(found.count) keys end with \"\(name)\"; write the \(kind)'s whole key")
        }
        return found.first
    }

    private static func unknown(_ kind: String, _ name: String, _ names: [String]) -> DrillError {
        guard !names.isEmpty else {
            let why = kind == DomainKind.network.rawValue ? " has been observed from a public address" : " is known"
            return DrillError(.unknown, "no \(kind) \"\(name)\" is in this mesh, and none\(why)")
        }
        let rest = names.count > namedMax ? " and \(names.count - namedMax) more" : ""
        let list = names.prefix(namedMax).joined(separator: ", ")
        return DrillError(.unknown, "no \(kind) \"\(name)\" is in this mesh; there \(isOrAre(names)) \(list)\(rest)")
    }

    private static func isOrAre(_ names: [String]) -> String { names.count == 1 ? "is" : "are" }
}
