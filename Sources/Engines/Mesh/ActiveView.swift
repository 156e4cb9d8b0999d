import Core

/// The few members with which this node exchanges records and news and which it probes; links hold in both directions.
///
/// Source: Leitão, Pereira, Rodrigues, "HyParView", DSN 2007, section 4. Departures: every node has the whole verified
/// directory, so that the passive view, its shuffles and the random walks of joining nodes are not needed: candidates are
/// drawn from the directory. Links that this node asked for and links that others asked for have places of their own, so
/// that nobody can push out what this node chose.
struct ActiveView: Sendable {
    struct Link: Sendable {
        let node: NodeID
        let `operator`: OperatorID
        /// Where it is, as far as that is known.
        let network: NetworkPrefix?
        /// This node asked for it.
        let isOwn: Bool
        /// Whether records are pushed at once (Plumtree's eager peers) or announced only.
        var isEager = true
    }

    /// Links that this node asks for, and those that it grants.
    static let ownMax = 4
    static let grantedMax = 8
    /// Most links in all; a mesh of no more other nodes needs no view.
    static let linksMax = ownMax + grantedMax
    /// Links to nodes of one operator, where the mesh has operators enough to fill a view; an operator that runs a larger part
    /// of the mesh gets that part of the links, up to half of them, so that its nodes do not lose each other.
    static let perOperatorMin = 2
    static let perOperatorShareMax = linksMax / 2
    /// Links of each kind to nodes of one network (an IPv4 /24 or IPv6 /48), in a mesh of several: half of the places.
    static let perNetworkOwn = ownMax / 2
    static let perNetworkGranted = grantedMax / 2

    private(set) var links: [Link] = []

    var nodes: [NodeID] { links.map(\.node) }
    var eager: [NodeID] { links.filter(\.isEager).map(\.node) }
    var lazy: [NodeID] { links.filter { !$0.isEager }.map(\.node) }
    var lacksOwn: Bool { links.count(where: \.isOwn) < Self.ownMax }
    var lacksGranted: Bool { links.count { !$0.isOwn } < Self.grantedMax }

    func contains(_ node: NodeID) -> Bool { links.contains { $0.node == node } }

    /// Whether one more link to this operator is allowed.
    ///
    /// - Parameters:
    ///   - operators: Operators that have nodes.
    ///   - share: Of all nodes those of this operator.
    func allows(_ operator: OperatorID, operators: Int, share: (nodes: Int, of: Int)) -> Bool {
        let fair = (Self.linksMax + operators - 1) / max(operators, 1)
        let own = (Self.linksMax * share.nodes + share.of - 1) / max(share.of, 1)
        let limit = max(Self.perOperatorMin, fair, min(own, Self.perOperatorShareMax))
        return links.count { $0.operator == `operator` } < limit
    }

    /// Whether one more link of this kind into this network is allowed in a mesh of so many networks.
    func allows(_ network: NetworkPrefix?, isOwn: Bool, networks: Int) -> Bool {
        guard let network, networks > 1 else { return true }
        let limit = isOwn ? Self.perNetworkOwn : Self.perNetworkGranted
        return links.count { $0.network == network && $0.isOwn == isOwn } < limit
    }

    mutating func add(_ node: NodeID, _ operator: OperatorID, _ network: NetworkPrefix?, isOwn: Bool) {
        guard !contains(node) else { return }
        links.append(Link(node: node, operator: `operator`, network: network, isOwn: isOwn))
    }

    mutating func remove(_ node: NodeID) { links.removeAll { $0.node == node } }

    /// Makes place for a node that has nobody else.
    ///
    /// - Returns: The link that gave way: a random one of those that others asked for.
    mutating func evict(using rng: inout some RandomNumberGenerator) -> NodeID? {
        guard let node = links.filter({ !$0.isOwn }).randomElement(using: &rng)?.node else { return nil }
        remove(node)
        return node
    }

    mutating func set(_ node: NodeID, isEager: Bool) {
        guard let index = links.firstIndex(where: { $0.node == node }) else { return }
        links[index].isEager = isEager
    }
}
