import Core

/// One piece of a segment on one node.
public struct PiecePlace: Hashable, Sendable {
    /// The piece's index in its segment, from 0.
    public var piece: Int
    public var node: NodeID

    public init(piece: Int, node: NodeID) {
        self.piece = piece
        self.node = node
    }
}
