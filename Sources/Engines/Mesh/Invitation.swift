import Core

/// What a person passes to another so that their operator can join a mesh: one string.
///
/// `holdfast-` followed by base32 of a CBOR map: the genesis record, the inviting node and its locators, the operator's
/// certificate, and the secret seed of the invitation key. Whoever has the string can join.
public struct Invitation: Sendable {
    public let genesis: GenesisRecord
    public let node: NodeID
    public let locators: [Locator]
    public let certificate: InvitationCertificate
    let key: SigningKey<InvitationRole>

    /// Every invitation starts with this.
    public static let prefix = "holdfast-"
    /// Longest invitation, in characters.
    public static let textLengthMax = 8_192

    /// Makes an invitation with a fresh key.
    public init(
        genesis: GenesisRecord,
        node: NodeID,
        locators: [Locator],
        issuer: SigningKey<OperatorRole>,
        expires: Instant? = nil,
        once: Bool = false,
        using rng: inout some RandomNumberGenerator
    ) {
        key = SigningKey.generate(using: &rng)
        self.genesis = genesis
        self.node = node
        self.locators = Array(locators.prefix(Locator.countMax))
        certificate = InvitationCertificate(
            mesh: genesis.mesh,
            invitation: key.id,
            expires: expires,
            once: once,
            issuer: issuer
        )
    }

    public var text: String {
        let fields: [String: CBOR] = [
            "genesis": .bytes(genesis.bytes), "node": .bytes(node.bytes), "locators": Locator.encode(locators),
            "certificate": .bytes(certificate.bytes), "seed": .bytes(key.seed),
        ]
        return Self.prefix + Multibase.base32.encodeBare(CBOR.map(fields).encoded())
    }

    /// - Throws: ``MeshError`` `.malformed`, `.forged`, `.tooLarge` or `.wrongMesh`.
    public init(_ text: String) throws(MeshError) {
        guard text.hasPrefix(Self.prefix), text.utf8.count <= Self.textLengthMax else {
            throw MeshError(.malformed, "an invitation starts with \"\(Self.prefix)\"; print one with: holdfast invite")
        }
        let fields = try reading("invitation") { () throws(CoreError) in
            let bytes = try Multibase.base32.decodeBare(text.dropFirst(Self.prefix.count))
            return try CBORFields(decoding: bytes, of: "invitation")
        }
        let parts = try reading("invitation") { () throws(CoreError) in
            (
                genesis: try fields.bytes("genesis", max: GenesisRecord.bytesMax),
                certificate: try fields.bytes("certificate", max: InvitationCertificate.bytesMax),
                seed: try fields.bytes("seed", max: SigningKey<InvitationRole>.seedByteCount),
                node: try fields.key("node", as: NodeRole.self),
                locators: try Locator.decode(try fields.array("locators", max: Locator.countMax))
            )
        }
        genesis = try GenesisRecord(decoding: parts.genesis)
        certificate = try InvitationCertificate(decoding: parts.certificate)
        key = try reading("invitation") { () throws(CoreError) in try SigningKey(seed: parts.seed) }
        node = parts.node
        locators = parts.locators
        guard certificate.mesh == genesis.mesh, certificate.invitation == key.id else {
            throw MeshError(.wrongMesh, "the parts of this invitation do not belong together; copy it again, whole")
        }
    }

    /// The record by which `operator` uses this invitation.
    public func admission(of operator: SigningKey<OperatorRole>, now: Instant) -> AdmissionRecord {
        AdmissionRecord(certificate: certificate, invitation: key, operator: `operator`, now: now)
    }
}
