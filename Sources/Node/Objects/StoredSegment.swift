import Core
import Objects

/// A segment that so many nodes hold durably that a third of all may vanish.
package struct StoredSegment: Sendable {
    package let record: SegmentRecord
    /// Pieces that were durable when the writer was told.
    let durableCount: Int
    /// Nodes that are too few, or share a fate; sentences for the user.
    let warnings: [String]
    /// What was sealed into it, by run.
    let keys: SegmentKeys
}
