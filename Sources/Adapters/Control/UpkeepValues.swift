/// What `fsck` found in what this node stores.
public struct FsckResult: Codable, Hashable, Sendable {
    /// Blocks looked at.
    public var blocks: Int
    /// Pieces looked at.
    public var pieces: Int
    /// Bytes read and checked.
    public var bytes: Int
    /// Whether everything matches what names or signs it, or was made to.
    public var sound: Bool
    /// What was wrong, a sentence each.
    public var problems: [String]
    /// Blocks and pieces that were damaged and are whole again.
    public var rebuilt: Int

    public init(blocks: Int, pieces: Int, bytes: Int, sound: Bool, problems: [String] = [], rebuilt: Int = 0) {
        self.blocks = blocks
        self.pieces = pieces
        self.bytes = bytes
        self.sound = sound
        self.problems = problems
        self.rebuilt = rebuilt
    }
}

/// What `exit` moved away.
public struct ExitResult: Codable, Hashable, Sendable {
    /// Pieces that others hold now.
    public var piecesMoved: Int
    /// Whole copies of sites that others hold now.
    public var copiesMoved: Int
    /// What could not be moved, a sentence each. The node stops only when this is empty.
    public var left: [String]

    public init(piecesMoved: Int, copiesMoved: Int, left: [String] = []) {
        self.piecesMoved = piecesMoved
        self.copiesMoved = copiesMoved
        self.left = left
    }
}
