import Core

/// Where the pieces of one segment shall lie, and what a failure of each domain would cost.
public struct PiecePlacement: Hashable, Sendable {
    /// Holders that keep their piece, best first.
    public let kept: [NodeID]
    /// Nodes that shall get a piece, in a stable order.
    public let added: [NodeID]
    /// Who takes over when one of ``added`` cannot, best first.
    public let reserves: [NodeID]
    public let spread: PieceSpread

    /// All nodes that shall have a piece.
    public var chosen: [NodeID] { kept + added }
}

/// How the pieces of a segment are spread over failure domains.
public struct PieceSpread: Hashable, Sendable, CustomStringConvertible {
    public let wanted: Int
    /// Nodes with a piece.
    public let pieces: Int
    /// How many of ``pieces`` may be lost before the segment is: those beyond the k that rebuild it.
    public let lossMax: Int
    /// Most pieces at one operator.
    public let operatorMax: Int
    /// Most pieces at one hosting provider.
    public let hostingMax: Int
    /// Most pieces in one jurisdiction.
    public let jurisdictionMax: Int
    /// Most pieces in one observed network; 0 when no network was observed.
    public let networkMax: Int
    /// Fewer pieces than wanted, and domains whose failure alone would lose the segment; the gravest first.
    public let shortfalls: [Shortfall]

    /// One way in which pieces are fewer than wanted, or share a fate that the segment does not survive.
    public enum Shortfall: Hashable, Sendable, CustomStringConvertible {
        /// The mesh has only this many nodes that can take a piece.
        case nodes(wanted: Int, found: Int)
        case `operator`(OperatorID, pieces: Int, lossMax: Int)
        case jurisdiction(String, pieces: Int, lossMax: Int)
        case hosting(String, pieces: Int, lossMax: Int)
        case network(NetworkPrefix, pieces: Int, lossMax: Int)

        public var description: String {
            switch self {
            case .nodes(let wanted, let found):
                "\(found) of \(wanted) pieces: only \(found) node\(found == 1 ? "" : "s") can take one"
            case .operator(let id, let pieces, let lossMax): Self.loss("operator \(id.short)", pieces, lossMax)
            case .jurisdiction(let name, let pieces, let lossMax):
                Self.loss("jurisdiction \(name.isEmpty ? "(undeclared)" : name)", pieces, lossMax)
            case .hosting(let name, let pieces, let lossMax):
                Self.loss("hosting provider \(name.isEmpty ? "(undeclared)" : name)", pieces, lossMax)
            case .network(let prefix, let pieces, let lossMax): Self.loss("network \(prefix)", pieces, lossMax)
            }
        }

        private static func loss(_ domain: String, _ pieces: Int, _ lossMax: Int) -> String {
            "losing \(domain) loses \(pieces) of \(lossMax) pieces that may be lost"
        }
    }

    /// "30 pieces, 20 may be lost: at most 4 at one operator, 9 at one hosting provider, 12 in one jurisdiction".
    public var description: String {
        "\(pieces) piece\(pieces == 1 ? "" : "s"), \(lossMax) may be lost: at most \(operatorMax) at one operator, "
            + "\(hostingMax) at one hosting provider, \(jurisdictionMax) in one jurisdiction"
    }
}
