import Core

/// A node's signed description of itself, with its operator's certificate for it.
///
/// Encoded as an envelope of the node around a CBOR map. The bytes are kept as they came, so fields that this version
/// does not know are forwarded.
public struct NodeRecord: Hashable, Sendable {
    public let mesh: CID
    public let node: NodeID
    public let `operator`: OperatorID
    public let version: UInt64
    public let issued: Instant
    public let expires: Instant
    public let claims: NodeClaims
    public let bytes: [UInt8]

    /// Largest node record, in bytes.
    public static let bytesMax = 4_096
    /// How long a record lives at most.
    public static let lifetimeMax = Duration.seconds(48 * 3_600)

    public var header: RecordHeader {
        RecordHeader(key: Self.key(of: node), version: version, expires: expires, sponsor: `operator`)
    }

    /// The network of the first address at which the node says that it can be reached; `nil` when it is not a global one.
    let network: NetworkPrefix?

    static func key(of node: NodeID) -> RecordKey { RecordKey(kind: .node, subject: node.bytes) }

    /// Signs a record; `operator` certifies that the node is one of its own.
    public init(
        mesh: CID,
        node: SigningKey<NodeRole>,
        operator: SigningKey<OperatorRole>,
        version: UInt64,
        issued: Instant,
        expires: Instant,
        claims: NodeClaims
    ) {
        let certificate = CBOR.map(["mesh": .link(mesh), "node": .bytes(node.id.bytes)])
        let signed = SignedEnvelope(signing: certificate.encoded(), in: .nodeCertificate, with: `operator`)
        var fields = claims.fields
        fields["mesh"] = .link(mesh)
        fields["certificate"] = .bytes(signed.encoded)
        fields["version"] = .unsigned(version)
        fields["issued"] = .integer(issued.milliseconds)
        fields["expires"] = .integer(expires.milliseconds)
        bytes = SignedEnvelope(signing: CBOR.map(fields).encoded(), in: .node, with: node).encoded
        self.mesh = mesh
        self.node = node.id
        self.operator = `operator`.id
        self.version = version
        self.issued = issued
        self.expires = expires
        self.claims = claims
        network = claims.locators.lazy.compactMap(\.network).first
    }

    /// Decodes and verifies the node's and its operator's signatures.
    ///
    /// - Throws: ``MeshError`` `.malformed`, `.forged`, `.tooLarge` or `.outOfTime`.
    public init(decoding bytes: [UInt8]) throws(MeshError) {
        guard bytes.count <= Self.bytesMax else {
            throw MeshError(.tooLarge, "a node record of \(bytes.count) bytes, at most \(Self.bytesMax)")
        }
        let certificate: SignedEnvelope<OperatorRole>
        let certified: (mesh: CID, node: NodeID)
        do {
            let envelope = try SignedEnvelope<NodeRole>(decoding: bytes, in: .node)
            let fields = try CBORFields(decoding: envelope.payload, of: "node record")
            node = envelope.signer
            mesh = try fields.link("mesh")
            version = try fields.unsigned("version")
            issued = try fields.instant("issued")
            expires = try fields.instant("expires")
            claims = try NodeClaims(fields)
            let signed = try fields.bytes("certificate", max: 512)
            certificate = try SignedEnvelope<OperatorRole>(decoding: signed, in: .nodeCertificate)
            let named = try CBORFields(decoding: certificate.payload, of: "node certificate")
            certified = (try named.link("mesh"), try named.key("node"))
        } catch { throw MeshError(error, in: "node record") }
        guard certified.node == node, certified.mesh == mesh else {
            throw MeshError(.forged, "the certificate in the record of \(node.short) is for another node or mesh")
        }
        guard issued < expires, expires <= issued + Self.lifetimeMax else {
            throw MeshError(.outOfTime, "the record of \(node.short) lives longer than \(Self.lifetimeMax)")
        }
        self.operator = certificate.signer
        self.bytes = bytes
        network = claims.locators.lazy.compactMap(\.network).first
    }
}
