import Core

extension SignatureDomain {
    /// What a device signs of each segment.
    static let segment = SignatureDomain("holdfast/segment/1")
    /// What a device signs to keep segments longer.
    static let lease = SignatureDomain("holdfast/lease/1")
    /// What a device signs to have segments removed.
    static let tombstone = SignatureDomain("holdfast/tombstone/1")
    /// What a device signs to let a node read.
    static let grant = SignatureDomain("holdfast/grant/1")
    /// What a holder signs of each piece.
    static let pieceStatement = SignatureDomain("holdfast/piece-statement/1")
}
