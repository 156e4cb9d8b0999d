import Core
import Owners

/// What a device says of a segment that it stored: how it is coded, and what each piece has to be.
///
/// Encoded as a ``DeviceStatement`` around a CBOR map; unknown fields are kept because the bytes are. The payload names the
/// owner, so nobody else's device can sign the same payload and so speak for the same ``SegmentID``.
public struct SegmentRecord: Hashable, Sendable {
    public let id: SegmentID
    public let mesh: CID
    public let owner: OwnerID
    /// The device that signed.
    public let device: DeviceID
    public let layout: SegmentLayout
    /// The root of each of the n pieces.
    public let roots: [Digest]
    public let created: Instant
    /// Until when the pieces are kept, if the lease is not renewed.
    public let leaseEnd: Instant
    /// Random, so that equal segments have different names; ``nonceByteCount`` bytes.
    public let nonce: [UInt8]
    /// Whether the content is public: not encrypted, and served to every node of the mesh without a grant.
    public let isPublic: Bool
    public let bytes: [UInt8]

    /// Largest record, in bytes; ours have about 1.7 KB with 30 pieces.
    public static let bytesMax = 12 * 1024
    public static let nonceByteCount = 16
    /// Longest lease from the segment's creation.
    public static let leaseMax = Duration.seconds(400 * 86_400)

    public var code: SegmentCode { layout.code }

    /// Signs the record with the device's key.
    ///
    /// - Throws: ``ObjectsError`` `.outOfRange` for a number of roots or a lease that is not allowed, `.badSignature` if
    ///   the key is not that of the certificate, `.revoked`.
    public init(
        mesh: CID,
        layout: SegmentLayout,
        roots: [Digest],
        created: Instant,
        leaseEnd: Instant,
        isPublic: Bool = false,
        certificate: DeviceCertificate,
        device: SigningKey<DeviceRole>,
        using rng: inout some RandomNumberGenerator
    ) throws(ObjectsError) {
        try Self.check(layout: layout, roots: roots.count, created: created, leaseEnd: leaseEnd)
        let nonce = (0..<Self.nonceByteCount).map { _ in UInt8.random(in: .min ... .max, using: &rng) }
        var map: [String: CBOR] = [
            "mesh": .link(mesh), "owner": .bytes(certificate.owner.bytes), "k": .int(layout.code.dataCount),
            "n": .int(layout.code.totalCount), "bytes": .int(layout.paddedByteCount),
            "roots": .byteStrings(roots.map(\.bytes)), "created": .integer(created.milliseconds),
            "lease": .integer(leaseEnd.milliseconds), "nonce": .bytes(nonce),
        ]
        // Private segments do not carry the field: their records stay what they were.
        if isPublic { map["public"] = .bool(true) }
        let payload = CBOR.map(map).encoded()
        let statement = try DeviceStatement(
            ofOwner: certificate,
            signing: payload,
            in: .segment,
            device: device,
            of: Self.what
        )
        id = SegmentID(hashing: payload)
        self.mesh = mesh
        owner = statement.owner
        self.device = statement.device
        self.layout = layout
        self.roots = roots
        self.created = created
        self.leaseEnd = leaseEnd
        self.nonce = nonce
        self.isPublic = isPublic
        bytes = statement.bytes
    }

    /// Decodes and verifies both signatures and every limit.
    ///
    /// - Throws: ``ObjectsError`` `.malformed`, `.badSignature`, `.outOfRange`, `.tooLarge` or `.revoked`.
    public init(decoding bytes: [UInt8]) throws(ObjectsError) {
        let statement = try DeviceStatement(ofOwner: bytes, max: Self.bytesMax, in: .segment, of: Self.what)
        let counts: (k: Int, n: Int, bytes: Int)
        let owner: OwnerID
        do {
            let fields = try CBORFields(decoding: statement.payload, of: Self.what)
            mesh = try fields.link("mesh")
            owner = try fields.key("owner")
            counts = (
                try fields.int("k", max: SegmentCode.totalCountMax),
                try fields.int("n", max: SegmentCode.totalCountMax),
                try fields.int("bytes", max: SegmentLayout.segmentBytesMax)
            )
            roots = try fields.digests("roots", max: SegmentCode.totalCountMax)
            created = try fields.instant("created")
            leaseEnd = try fields.instant("lease")
            nonce = try fields.bytes("nonce", max: Self.nonceByteCount)
            isPublic = try fields.optional("public") == nil ? false : fields.bool("public")
        } catch {
            throw ObjectsError(error, in: Self.what)
        }
        guard owner == statement.owner else {
            throw ObjectsError(.badSignature, "a segment of \(owner.short) is signed for \(statement.owner.short)")
        }
        let code = try SegmentCode(dataCount: counts.k, totalCount: counts.n)
        layout = try SegmentLayout(code: code, byteCount: counts.bytes)
        guard layout.paddedByteCount == counts.bytes, nonce.count == Self.nonceByteCount else {
            throw ObjectsError(.malformed, "a segment record has no padded length of \(counts.bytes), or a short nonce")
        }
        try Self.check(layout: layout, roots: roots.count, created: created, leaseEnd: leaseEnd)
        id = SegmentID(hashing: statement.payload)
        self.owner = owner
        device = statement.device
        self.bytes = bytes
    }

    private static let what = "segment record"

    private static func check(
        layout: SegmentLayout,
        roots: Int,
        created: Instant,
        leaseEnd: Instant
    ) throws(ObjectsError) {
        guard roots == layout.code.totalCount else {
            throw ObjectsError(.outOfRange, "a segment of \(layout.code.totalCount) pieces names \(roots) roots")
        }
        guard leaseEnd > created, leaseEnd - created <= leaseMax else {
            throw ObjectsError(.outOfRange, "a lease from \(created) to \(leaseEnd), at most 400 days")
        }
    }
}
