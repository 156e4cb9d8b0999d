import Core
import Owners

/// What a device says to let a node read its owner's segments for a while; without it, nodes give no pieces to others.
///
/// Reading shows ciphertext only: a grant carries no key. Encoded as a ``DeviceStatement`` around a CBOR map; unknown fields
/// are kept because the bytes are.
public struct Grant: Hashable, Sendable {
    public let owner: OwnerID
    public let device: DeviceID
    public let mesh: CID
    /// The node that may read.
    public let reader: NodeID
    public let until: Instant
    public let created: Instant
    public let bytes: [UInt8]

    /// Longest time that a grant counts, from its creation.
    public static let durationMax = Duration.seconds(30 * 86_400)
    /// Largest grant, in bytes; ours have about 600.
    public static let bytesMax = 1_024

    /// Signs the grant with the device's key.
    ///
    /// - Throws: ``ObjectsError`` `.outOfRange` for a time that is too long, `.badSignature` if the key is not that of the
    ///   certificate, `.revoked`.
    public init(
        mesh: CID,
        reader: NodeID,
        until: Instant,
        created: Instant,
        certificate: DeviceCertificate,
        device: SigningKey<DeviceRole>
    ) throws(ObjectsError) {
        try Self.check(until: until, created: created)
        let payload = CBOR.map([
            "mesh": .link(mesh), "reader": .bytes(reader.bytes), "until": .integer(until.milliseconds),
            "created": .integer(created.milliseconds),
        ]).encoded()
        let statement = try DeviceStatement(
            ofOwner: certificate,
            signing: payload,
            in: .grant,
            device: device,
            of: Self.what
        )
        owner = statement.owner
        self.device = statement.device
        self.mesh = mesh
        self.reader = reader
        self.until = until
        self.created = created
        bytes = statement.bytes
    }

    /// Decodes and verifies both signatures.
    ///
    /// - Throws: ``ObjectsError`` `.malformed`, `.badSignature`, `.outOfRange`, `.tooLarge` or `.revoked`.
    public init(decoding bytes: [UInt8]) throws(ObjectsError) {
        let statement = try DeviceStatement(ofOwner: bytes, max: Self.bytesMax, in: .grant, of: Self.what)
        do {
            let fields = try CBORFields(decoding: statement.payload, of: Self.what)
            mesh = try fields.link("mesh")
            reader = try fields.key("reader")
            until = try fields.instant("until")
            created = try fields.instant("created")
        } catch {
            throw ObjectsError(error, in: Self.what)
        }
        try Self.check(until: until, created: created)
        owner = statement.owner
        device = statement.device
        self.bytes = bytes
    }

    /// Whether `node` may read the segment of `record` now.
    public func allows(_ node: NodeID, toRead record: SegmentRecord, now: Instant) -> Bool {
        node == reader && owner == record.owner && mesh == record.mesh && now < until
    }

    private static let what = "grant"

    private static func check(until: Instant, created: Instant) throws(ObjectsError) {
        guard until > created, until - created <= durationMax else {
            throw ObjectsError(.outOfRange, "a grant from \(created) to \(until), at most 30 days")
        }
    }
}
