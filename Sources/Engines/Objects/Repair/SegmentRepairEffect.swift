import Core

/// What a node has to do for the segments of which it holds a piece.
public enum SegmentRepairEffect: Hashable, Sendable {
    /// Fetch any k pieces, make these ones and store each on the target at the same place of the list.
    ///
    /// Answer each stored piece with `rebuilt`, and end with `rebuildFailed` when one of them cannot be.
    case rebuild(Digest, indexes: [Int], targets: [NodeID])
    /// Stop rebuilding this segment; it needs no answer.
    case cancel(Digest)
    /// State that this node's own piece is withdrawn, and free it: an earlier-made one is alive.
    case withdraw(Digest, index: Int)
    /// Exchange statements, renewals and tombstones of these segments with a node that returned.
    case sync([Digest], with: NodeID)
    /// Call `tick` at this instant, or earlier; replaces the wake-up asked for before.
    case wake(at: Instant)
}

/// Why a rebuild did not come to its end.
public enum RebuildFailure: Hashable, Sendable, CustomStringConvertible {
    /// Fewer than k pieces could be fetched.
    case tooFewPieces(got: Int, needed: Int)
    /// These targets did not take their piece; others are chosen for a while.
    case refused([NodeID])
    /// Something here, such as a full disk.
    case local(String)

    public var description: String {
        switch self {
        case .tooFewPieces(let got, let needed): "only \(got) of the \(needed) pieces needed could be fetched"
        case .refused(let nodes): "\(nodes.count) node\(nodes.count == 1 ? "" : "s") did not take a piece"
        case .local(let reason): reason
        }
    }
}

/// How many pieces of a segment, or of many, are there.
public struct SegmentStrength: Hashable, Sendable {
    /// Different pieces on nodes that are alive.
    public var live = 0
    /// Full strength: n, or as many as this mesh has nodes for.
    public var target = 0
    /// What the segment records ask for, n.
    public var wanted = 0

    /// Pieces missing of n; the mesh has room for `target - live` of them now.
    public var debt: Int { max(wanted - live, 0) }

    public init() {}

    public init(live: Int, target: Int, wanted: Int) {
        self.live = live
        self.target = target
        self.wanted = wanted
    }
}

/// A piece that this node holds, with what its segment record says.
public struct HeldPiece: Hashable, Sendable {
    public let segment: Digest
    public let index: Int
    /// Pieces that rebuild the segment.
    public let k: Int
    /// Pieces in all, at most ``nMax``.
    public let n: Int
    public let pieceBytes: UInt64
    /// As last renewed.
    public let leaseEnd: Instant
    /// When this piece was made; renewals do not change it.
    public let made: Instant

    public static let nMax = 255
    public static let pieceBytesMax: UInt64 = 1 << 27

    /// `nil` unless 1 ≤ k ≤ n ≤ 255, 0 ≤ index < n and the piece has at most ``pieceBytesMax`` bytes.
    public init?(segment: Digest, index: Int, k: Int, n: Int, pieceBytes: UInt64, leaseEnd: Instant, made: Instant) {
        guard (1...Self.nMax).contains(n), (1...n).contains(k), (0..<n).contains(index) else { return nil }
        guard pieceBytes <= Self.pieceBytesMax else { return nil }
        self.segment = segment
        self.index = index
        self.k = k
        self.n = n
        self.pieceBytes = pieceBytes
        self.leaseEnd = leaseEnd
        self.made = made
    }
}

/// What a holder says of a piece, verified by the caller and newer than what it said of it before.
public struct PieceNotice: Hashable, Sendable {
    public enum State: Hashable, Sendable { case holding, withdrawn }

    public let segment: Digest
    public let index: Int
    public let node: NodeID
    public let state: State
    /// When the piece was made: of two live ones with the same index the later made is withdrawn. The same in every
    /// notice of the same piece, or two holders may both give way.
    public let made: Instant
    public let until: Instant

    public init(segment: Digest, index: Int, node: NodeID, state: State, made: Instant, until: Instant) {
        self.segment = segment
        self.index = index
        self.node = node
        self.state = state
        self.made = made
        self.until = until
    }
}
