import Core

/// An operator's permission for whoever holds an invitation key to join.
public struct InvitationCertificate: Hashable, Sendable {
    public let mesh: CID
    public let issuer: OperatorID
    public let invitation: InvitationID
    public let expires: Instant?
    /// Whether only one operator may use it.
    public let once: Bool
    public let bytes: [UInt8]

    static let bytesMax = 1_024

    /// Whether an admission needs the issuer's countersignature: only its node knows whether and when it was used.
    public var isLimited: Bool { once || expires != nil }

    public init(
        mesh: CID,
        invitation: InvitationID,
        expires: Instant?,
        once: Bool,
        issuer: SigningKey<OperatorRole>
    ) {
        var fields: [String: CBOR] = ["mesh": .link(mesh), "key": .bytes(invitation.bytes), "once": .bool(once)]
        if let expires { fields["expires"] = .integer(expires.milliseconds) }
        bytes = SignedEnvelope(signing: CBOR.map(fields).encoded(), in: .invitation, with: issuer).encoded
        self.mesh = mesh
        self.issuer = issuer.id
        self.invitation = invitation
        self.expires = expires
        self.once = once
    }

    /// - Throws: ``MeshError`` `.malformed`, `.forged` or `.tooLarge`.
    public init(decoding bytes: [UInt8]) throws(MeshError) {
        guard bytes.count <= Self.bytesMax else {
            throw MeshError(.tooLarge, "an invitation certificate of \(bytes.count) bytes, at most \(Self.bytesMax)")
        }
        do {
            let envelope = try SignedEnvelope<OperatorRole>(decoding: bytes, in: .invitation)
            let fields = try CBORFields(decoding: envelope.payload, of: "invitation certificate")
            mesh = try fields.link("mesh")
            issuer = envelope.signer
            invitation = try fields.key("key")
            once = try fields.bool("once")
            expires = fields.optional("expires") == nil ? nil : try fields.instant("expires")
        } catch { throw MeshError(error, in: "invitation certificate") }
        self.bytes = bytes
    }
}
