import Core
import Objects

/// What the piece desk tells the repair of segments.
enum PieceEvent: Sendable {
    /// This node holds a piece from now on.
    case held(SegmentRecord, index: Int, PieceStatement)
    /// Another node says something of a piece of a segment that this node holds.
    case stated(PieceStatement)
    /// The owner removed segments that this node holds.
    case entombed([SegmentID])
    /// The owner keeps segments for longer; this node has said so of its pieces.
    case renewed([SegmentID])
}
