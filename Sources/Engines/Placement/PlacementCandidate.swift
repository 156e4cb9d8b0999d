import Core

/// A node that may hold copies, with the failure domains that it shares with others.
///
/// Operator is proved by signatures, hosting and jurisdiction are claims, the network is what peers observed.
public struct PlacementCandidate: Hashable, Sendable {
    public let node: NodeID
    public let `operator`: OperatorID
    /// Hosting provider as claimed (`home`, `aws`…); an empty text is one domain like any other, since nodes that say
    /// nothing may well share everything.
    public let hosting: String
    /// ISO 3166 country code as claimed.
    public let jurisdiction: String
    /// The observed network; `nil` when unobserved, and then it is no domain.
    public let network: NetworkPrefix?
    /// Bytes this node lends; chosen in proportion to it, never when 0.
    public let weight: UInt64

    /// The node's place in every rendezvous: the first 8 bytes of SHA-256 over its key.
    let hash: UInt64

    public init(
        node: NodeID,
        operator: OperatorID,
        hosting: String,
        jurisdiction: String,
        network: NetworkPrefix?,
        weight: UInt64
    ) {
        self.node = node
        self.operator = `operator`
        self.hosting = hosting
        self.jurisdiction = jurisdiction
        self.network = network
        self.weight = weight
        hash = PlacementKey(node.bytes).first
    }

    private init(_ other: PlacementCandidate, weight: UInt64) {
        node = other.node
        `operator` = other.operator
        hosting = other.hosting
        jurisdiction = other.jurisdiction
        network = other.network
        self.weight = weight
        hash = other.hash
    }

    /// The same node lending `weight` bytes.
    public func lending(_ weight: UInt64) -> PlacementCandidate {
        PlacementCandidate(self, weight: weight)
    }
}
