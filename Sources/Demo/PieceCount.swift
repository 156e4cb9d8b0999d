import Control

/// Pieces of an object, over all of its segments.
package struct PieceCount: Sendable, Equatable {
    /// Pieces on holders that are alive.
    package var live = 0
    /// As many as the mesh has room for now.
    package var possible = 0
    /// Pieces at full strength.
    package var wanted = 0

    /// Pieces missing for full strength.
    package var debt: Int { max(0, wanted - live) }

    /// Whether there is nothing left that the mesh could make now.
    package var isComplete: Bool { live >= possible }

    package init(live: Int, possible: Int, wanted: Int) {
        self.live = live
        self.possible = possible
        self.wanted = wanted
    }

    package init(_ status: ObjectStatus) {
        for segment in status.segments {
            live += segment.piecesLive
            possible += segment.piecesTarget
            wanted += segment.n
        }
    }
}
