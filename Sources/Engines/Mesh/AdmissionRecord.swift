import Core

/// The record that makes an operator part of a mesh; anyone can check it who knows that its issuer is admitted.
///
/// The invitation key signs a claim (mesh, operator, certificate, time), the joining operator signs that claim, and, where
/// the invitation is limited, its issuer signs the hash of both. Encoded as a CBOR map
/// `{admission: envelope, counter: envelope?}`.
public struct AdmissionRecord: Hashable, Sendable {
    public let mesh: CID
    public let `operator`: OperatorID
    public let certificate: InvitationCertificate
    public let issued: Instant
    public let isCountersigned: Bool
    public let bytes: [UInt8]
    private let signed: [UInt8]

    /// Largest admission record, in bytes.
    public static let bytesMax = 4_096

    public var issuer: OperatorID { certificate.issuer }

    /// Whether nothing but the issuer's own admission is missing.
    public var isComplete: Bool { isCountersigned || !certificate.isLimited }

    public var header: RecordHeader {
        RecordHeader(
            key: Self.key(of: `operator`),
            version: UInt64(clamping: issued.milliseconds),
            expires: Instant(milliseconds: .max),
            sponsor: `operator`
        )
    }

    static func key(of operator: OperatorID) -> RecordKey {
        RecordKey(kind: .admission, subject: `operator`.bytes)
    }

    init(
        certificate: InvitationCertificate,
        invitation: SigningKey<InvitationRole>,
        operator: SigningKey<OperatorRole>,
        now: Instant
    ) {
        let claim = CBOR.map([
            "mesh": .link(certificate.mesh), "operator": .bytes(`operator`.id.bytes),
            "certificate": .bytes(certificate.bytes), "issued": .integer(now.milliseconds),
        ])
        let inner = SignedEnvelope(signing: claim.encoded(), in: .admissionClaim, with: invitation)
        let outer = SignedEnvelope(signing: inner.encoded, in: .admission, with: `operator`)
        self.init(
            mesh: certificate.mesh,
            operator: `operator`.id,
            certificate: certificate,
            issued: now,
            signed: outer.encoded,
            counter: nil
        )
    }

    private init(
        mesh: CID,
        operator: OperatorID,
        certificate: InvitationCertificate,
        issued: Instant,
        signed: [UInt8],
        counter: [UInt8]?
    ) {
        self.mesh = mesh
        self.operator = `operator`
        self.certificate = certificate
        self.issued = issued
        self.signed = signed
        isCountersigned = counter != nil
        var fields: [String: CBOR] = ["admission": .bytes(signed)]
        if let counter { fields["counter"] = .bytes(counter) }
        bytes = CBOR.map(fields).encoded()
    }

    /// Decodes and verifies every signature in it.
    ///
    /// - Throws: ``MeshError`` `.malformed`, `.forged` or `.tooLarge`.
    public init(decoding bytes: [UInt8]) throws(MeshError) {
        guard bytes.count <= Self.bytesMax else {
            throw MeshError(.tooLarge, "an admission record of \(bytes.count) bytes, at most \(Self.bytesMax)")
        }
        let parts = try reading("admission record") { () throws(CoreError) in
            let record = try CBORFields(decoding: bytes, of: "admission record")
            let signed = try record.bytes("admission", max: Self.bytesMax)
            let counter =
                record.optional("counter") == nil ? nil : try record.bytes("counter", max: Self.bytesMax)
            let outer = try SignedEnvelope<OperatorRole>(decoding: signed, in: .admission)
            let inner = try SignedEnvelope<InvitationRole>(decoding: outer.payload, in: .admissionClaim)
            let claim = try CBORFields(decoding: inner.payload, of: "admission claim")
            return (
                signed: signed, counter: counter, signer: outer.signer, invitation: inner.signer,
                mesh: try claim.link("mesh"), operator: try claim.key("operator", as: OperatorRole.self),
                certificate: try claim.bytes("certificate", max: InvitationCertificate.bytesMax),
                issued: try claim.instant("issued")
            )
        }
        let certificate = try InvitationCertificate(decoding: parts.certificate)
        guard parts.signer == parts.operator, parts.invitation == certificate.invitation,
            certificate.mesh == parts.mesh
        else { throw MeshError(.forged, "an admission of \(parts.operator.short) is signed by others than it names") }
        if let counter = parts.counter {
            let envelope = try reading("countersignature") { () throws(CoreError) in
                try SignedEnvelope<OperatorRole>(decoding: counter, in: .countersignature)
            }
            guard envelope.signer == certificate.issuer, envelope.payload == Digest(hashing: parts.signed).bytes else {
                throw MeshError(
                    .forged,
                    "the countersignature for \(parts.operator.short) is not its issuer's"
                )
            }
        }
        self.init(
            mesh: parts.mesh,
            operator: parts.operator,
            certificate: certificate,
            issued: parts.issued,
            signed: parts.signed,
            counter: parts.counter
        )
    }

    /// This admission with the signature of its issuer, who has checked that the invitation is not used up.
    public func countersigned(by issuer: SigningKey<OperatorRole>) -> AdmissionRecord {
        let counter = SignedEnvelope(signing: Digest(hashing: signed).bytes, in: .countersignature, with: issuer)
        return AdmissionRecord(
            mesh: mesh,
            operator: `operator`,
            certificate: certificate,
            issued: issued,
            signed: signed,
            counter: counter.encoded
        )
    }
}
