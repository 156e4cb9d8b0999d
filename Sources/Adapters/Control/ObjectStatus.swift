/// How safe an object is: its segments, their pieces, and who holds them.
public struct ObjectStatus: Codable, Hashable, Sendable {
    public var name: String
    public var kind: ObjectKind
    /// Plaintext bytes.
    public var bytes: Int
    /// When the file was changed last, in milliseconds since 1970.
    public var modifiedMilliseconds: Int64
    /// End of the lease, in milliseconds since 1970.
    public var leaseEndMilliseconds: Int64
    /// Objects that this tells of: one, or all that lie in a folder.
    public var objects: Int
    /// How many of them are so small that they are kept with the names.
    public var objectsWithNames: Int
    /// Where all of it is, the names' own segments too if something is kept with them.
    public var segments: [SegmentStatus]
    /// Segments that were not looked at, because there are so many.
    public var segmentsLeftOut: Int
    /// Pieces that any segment may lose before something is lost: the least over the segments; negative if something is.
    public var spare: Int
    /// Other versions under this name that another device wrote at the same time, as the names they are kept under.
    public var conflicts: [String]

    public init(
        name: String,
        kind: ObjectKind,
        bytes: Int,
        modifiedMilliseconds: Int64,
        leaseEndMilliseconds: Int64,
        objects: Int = 1,
        objectsWithNames: Int = 0,
        segments: [SegmentStatus],
        segmentsLeftOut: Int = 0,
        spare: Int,
        conflicts: [String] = []
    ) {
        self.name = name
        self.kind = kind
        self.bytes = bytes
        self.modifiedMilliseconds = modifiedMilliseconds
        self.leaseEndMilliseconds = leaseEndMilliseconds
        self.objects = objects
        self.objectsWithNames = objectsWithNames
        self.segments = segments
        self.segmentsLeftOut = segmentsLeftOut
        self.spare = spare
        self.conflicts = conflicts
    }
}

/// A segment and its pieces.
public struct SegmentStatus: Codable, Hashable, Sendable {
    /// CID of the segment record.
    public var segment: String
    /// Pieces that rebuild the segment.
    public var k: Int
    /// Pieces at full strength.
    public var n: Int
    /// Ciphertext bytes.
    public var bytes: Int
    /// Pieces on holders that are alive.
    public var piecesLive: Int
    /// Pieces that there should be.
    public var piecesTarget: Int
    /// Pieces that may be lost before the segment is; negative when it cannot be rebuilt now.
    public var spare: Int
    /// By piece index.
    public var holders: [PieceHolder]
    /// What most pieces depend on together.
    public var worst: Concentrations

    public init(
        segment: String,
        k: Int,
        n: Int,
        bytes: Int,
        piecesLive: Int,
        piecesTarget: Int,
        spare: Int,
        holders: [PieceHolder],
        worst: Concentrations
    ) {
        self.segment = segment
        self.k = k
        self.n = n
        self.bytes = bytes
        self.piecesLive = piecesLive
        self.piecesTarget = piecesTarget
        self.spare = spare
        self.holders = holders
        self.worst = worst
    }
}

/// Who holds one piece.
public struct PieceHolder: Codable, Hashable, Sendable {
    /// Index of the piece.
    public var index: Int
    /// `k51…` of the node.
    public var node: String
    /// Name of the operator, or its `k51…`.
    public var `operator`: String
    /// Where it is hosted; empty when it did not say.
    public var hosting: String
    /// Two-letter code; empty when it did not say.
    public var jurisdiction: String
    public var alive: Bool

    public init(index: Int, node: String, operator: String, hosting: String, jurisdiction: String, alive: Bool) {
        self.index = index
        self.node = node
        self.operator = `operator`
        self.hosting = hosting
        self.jurisdiction = jurisdiction
        self.alive = alive
    }
}

/// The single operator, hosting and jurisdiction whose loss would take most live pieces of a segment.
public struct Concentrations: Codable, Hashable, Sendable {
    /// Something whose loss takes several pieces at once.
    public struct Concentration: Codable, Hashable, Sendable {
        /// The operator's, hosting's or jurisdiction's name.
        public var name: String
        /// Live pieces of the segment that it holds.
        public var pieces: Int

        public init(name: String, pieces: Int) {
            self.name = name
            self.pieces = pieces
        }
    }

    /// `nil` in each when no live holder has said.
    public var `operator`: Concentration?
    public var hosting: Concentration?
    public var jurisdiction: Concentration?

    public init(operator: Concentration?, hosting: Concentration?, jurisdiction: Concentration?) {
        self.operator = `operator`
        self.hosting = hosting
        self.jurisdiction = jurisdiction
    }
}
