import Core

/// What a node says about a piece: "I hold piece `index` of segment `segment` until T", or that it gave it up.
///
/// Encoded as the node's ``SignedEnvelope`` around a CBOR map; unknown fields are kept because the bytes are.
public struct PieceStatement: Hashable, Sendable {
    /// What is said; a code that this version does not know counts as not holding.
    public struct State: Hashable, Sendable {
        public let code: UInt64

        public init(code: UInt64) {
            self.code = code
        }

        public static let holding = State(code: 1)
        /// The node gave the piece up.
        public static let withdrawn = State(code: 2)
    }

    public let mesh: CID
    public let node: NodeID
    public let piece: PieceID
    public let state: State
    /// Until when this statement counts.
    public let until: Instant
    /// Strictly growing per node and piece.
    public let version: UInt64
    public let bytes: [UInt8]

    public var segment: SegmentID { piece.segment }
    public var index: Int { piece.index }

    /// Largest statement, in bytes; ours have about 330.
    public static let bytesMax = 512

    /// Signs the statement with its node's key.
    ///
    /// - Throws: ``ObjectsError`` `.outOfRange` for an index that no piece has.
    public init(
        mesh: CID,
        piece: PieceID,
        state: State,
        until: Instant,
        version: UInt64,
        node: SigningKey<NodeRole>
    ) throws(ObjectsError) {
        guard piece.index >= 0, piece.index < SegmentCode.totalCountMax else {
            throw ObjectsError(.outOfRange, "no segment has a piece \(piece.index)")
        }
        let payload = CBOR.map([
            "mesh": .link(mesh), "node": .bytes(node.id.bytes), "segment": .bytes(piece.segment.bytes),
            "index": .int(piece.index), "state": .unsigned(state.code), "until": .integer(until.milliseconds),
            "version": .unsigned(version),
        ])
        self.mesh = mesh
        self.node = node.id
        self.piece = piece
        self.state = state
        self.until = until
        self.version = version
        bytes = SignedEnvelope(signing: payload.encoded(), in: .pieceStatement, with: node).encoded
    }

    /// Decodes and verifies the signature.
    ///
    /// - Throws: ``ObjectsError`` `.malformed`, `.badSignature` or `.tooLarge`.
    public init(decoding bytes: [UInt8]) throws(ObjectsError) {
        guard bytes.count <= Self.bytesMax else {
            throw ObjectsError(.tooLarge, "a piece statement of \(bytes.count) bytes, at most \(Self.bytesMax)")
        }
        let signer: NodeID
        do {
            let envelope = try SignedEnvelope<NodeRole>(decoding: bytes, in: .pieceStatement)
            let fields = try CBORFields(decoding: envelope.payload, of: "piece statement")
            mesh = try fields.link("mesh")
            node = try fields.key("node")
            piece = try fields.piece()
            state = State(code: try fields.unsigned("state"))
            until = try fields.instant("until")
            version = try fields.unsigned("version")
            signer = envelope.signer
        } catch {
            throw ObjectsError(error, in: "piece statement")
        }
        guard node == signer else {
            throw ObjectsError(.badSignature, "a piece statement of \(node.short) is signed by \(signer.short)")
        }
        self.bytes = bytes
    }

    /// Whether the node says that it holds the piece, and says so for now.
    public func isHolding(now: Instant) -> Bool { state == .holding && now < until }

    /// Whether this takes the place of `other`, which is about the same piece and node.
    ///
    /// Of two statements with one version, which a node must not make, the same one wins everywhere.
    func supersedes(_ other: PieceStatement) -> Bool {
        version != other.version ? version > other.version : other.bytes.lexicographicallyPrecedes(bytes)
    }
}
