import Core

/// A ``DeviceCertificate`` as the mesh replicates it: an envelope of a sponsoring operator around a CBOR map of mesh,
/// end and the certificate's bytes.
///
/// The owner's key is offline, so the sponsor says until when the record counts and renews it; what the device may do is
/// in the owner's certificate, which no sponsor can change. Without an admitted sponsor the record spreads nowhere.
public struct DeviceRecord: Hashable, Sendable {
    public let certificate: DeviceCertificate
    public let mesh: CID
    /// From then on the record is forgotten unless a sponsor signed it anew with a later end.
    public let expires: Instant
    public let sponsor: OperatorID
    public let bytes: [UInt8]

    /// Largest record, in bytes.
    public static let bytesMax = DeviceCertificate.bytesMax + 256
    /// Latest end, and highest version of a certificate that is replicated: both fit 32 bits of the record's version.
    public static let versionMax = UInt64(UInt32.max)

    /// Signs with the sponsor's key.
    ///
    /// - Throws: ``OwnersError`` `.outOfRange` for a certificate's version or an end that fits no record.
    public init(
        sponsoring certificate: DeviceCertificate,
        mesh: CID,
        expires: Instant,
        sponsor: SigningKey<OperatorRole>
    ) throws(OwnersError) {
        try Self.check(certificate, expires)
        let payload = CBOR.map([
            "mesh": .link(mesh), "expires": .integer(expires.milliseconds), "certificate": .bytes(certificate.bytes),
        ])
        bytes = SignedEnvelope(signing: payload.encoded(), in: .deviceSponsor, with: sponsor).encoded
        self.certificate = certificate
        self.mesh = mesh
        self.expires = expires
        self.sponsor = sponsor.id
    }

    /// Decodes and verifies both signatures.
    ///
    /// - Throws: ``OwnersError`` `.malformed`, `.badSignature` or `.outOfRange`.
    public init(decoding bytes: [UInt8]) throws(OwnersError) {
        guard bytes.count <= Self.bytesMax else {
            throw OwnersError(.outOfRange, "a device record of \(bytes.count) bytes, at most \(Self.bytesMax)")
        }
        let inner: [UInt8]
        do {
            let envelope = try SignedEnvelope<OperatorRole>(decoding: bytes, in: .deviceSponsor)
            let fields = try CBORFields(decoding: envelope.payload, of: "device record")
            mesh = try fields.link("mesh")
            expires = try fields.instant("expires")
            inner = try fields.bytes("certificate", max: DeviceCertificate.bytesMax)
            sponsor = envelope.signer
        } catch {
            throw OwnersError(error, in: "device record")
        }
        certificate = try DeviceCertificate(decoding: inner)
        try Self.check(certificate, expires)
        self.bytes = bytes
    }

    /// The certificate's version counts first, then the end in whole minutes: a later word of the owner beats every
    /// renewal of an earlier one.
    public var header: RecordHeader {
        RecordHeader(
            key: RecordKey(kind: .device, subject: certificate.owner.bytes + certificate.device.bytes),
            version: certificate.version << 32 | UInt64(expires.milliseconds / 60_000),
            expires: expires,
            sponsor: sponsor
        )
    }

    private static func check(_ certificate: DeviceCertificate, _ expires: Instant) throws(OwnersError) {
        guard certificate.version <= versionMax else {
            throw OwnersError(.outOfRange, "a certificate of version \(certificate.version), at most \(versionMax)")
        }
        guard expires.milliseconds >= 0, expires.milliseconds / 60_000 <= Int64(versionMax) else {
            throw OwnersError(.outOfRange, "a device record cannot end at \(expires)")
        }
    }
}
