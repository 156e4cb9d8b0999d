import Core

/// What a node says about the copy it has of a site: "I hold every version that publication `sequence` lists".
public struct Holding: Hashable, Sendable {
    /// What is said; a code that this version does not know counts as not holding.
    public struct State: Hashable, Sendable {
        public let code: UInt64

        public init(code: UInt64) {
            self.code = code
        }

        public static let holding = State(code: 1)
        /// The node gave its copy up.
        public static let withdrawn = State(code: 2)
    }

    public let mesh: CID
    public let node: NodeID
    public let publisher: PublisherID
    /// The publication whose versions are held.
    public let sequence: UInt64
    public let state: State
    /// Whether the site is published from this node; among too many copies its sponsor's origin stays.
    public let isOrigin: Bool
    /// Until when this statement counts: the end of the lease.
    public let until: Instant
    /// Strictly growing per node and publisher.
    public let version: UInt64

    public init(
        mesh: CID,
        node: NodeID,
        publisher: PublisherID,
        sequence: UInt64,
        state: State,
        isOrigin: Bool = false,
        until: Instant,
        version: UInt64
    ) {
        self.mesh = mesh
        self.node = node
        self.publisher = publisher
        self.sequence = sequence
        self.state = state
        self.isOrigin = isOrigin
        self.until = until
        self.version = version
    }
}

/// A ``Holding`` with the bytes that its node signed; unknown fields are kept because the bytes are.
public struct HoldingRecord: Hashable, Sendable {
    public let holding: Holding
    public let bytes: [UInt8]

    /// Largest record, in bytes; ours have about 340.
    public static let bytesMax = 1024

    /// Signs `holding` with its node's key.
    ///
    /// - Throws: ``PublishingError`` `.outOfRange` if the key is not the node's.
    public init(signing holding: Holding, node: SigningKey<NodeRole>) throws(PublishingError) {
        guard node.id == holding.node else {
            throw PublishingError(.outOfRange, "a holding is signed by the node that it names")
        }
        bytes = SignedEnvelope(signing: holding.payload, in: .holding, with: node).encoded
        self.holding = holding
    }

    /// Decodes and verifies the signature.
    ///
    /// - Throws: ``PublishingError`` `.malformed`, `.badSignature` or `.outOfRange`.
    public init(decoding bytes: [UInt8]) throws(PublishingError) {
        guard bytes.count <= Self.bytesMax else {
            throw PublishingError(.outOfRange, "a holding record of \(bytes.count) bytes, at most \(Self.bytesMax)")
        }
        let signer: NodeID
        do {
            let envelope = try SignedEnvelope<NodeRole>(decoding: bytes, in: .holding)
            holding = try Holding(decoding: envelope.payload)
            signer = envelope.signer
        } catch {
            throw PublishingError(error, in: "holding record")
        }
        guard holding.node == signer else {
            throw PublishingError(.badSignature, "holding of \(holding.node.short) is signed by \(signer.short)")
        }
        self.bytes = bytes
    }
}

extension Holding {
    /// The deterministic CBOR map that the node signs.
    package var payload: [UInt8] {
        CBOR.map([
            "mesh": .link(mesh), "node": .bytes(node.bytes), "publisher": .bytes(publisher.bytes),
            "sequence": .unsigned(sequence), "state": .unsigned(state.code), "origin": .bool(isOrigin),
            "until": .integer(until.milliseconds), "version": .unsigned(version),
        ]).encoded()
    }

    init(decoding payload: [UInt8]) throws(CoreError) {
        let fields = try CBORFields(decoding: payload, of: "holding record")
        mesh = try fields.link("mesh")
        node = try fields.key("node")
        publisher = try fields.key("publisher")
        sequence = try fields.unsigned("sequence")
        state = State(code: try fields.unsigned("state"))
        isOrigin = try fields.bool("origin")
        until = try fields.instant("until")
        version = try fields.unsigned("version")
    }
}
