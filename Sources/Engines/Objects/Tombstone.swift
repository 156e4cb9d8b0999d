import Core
import Owners

/// What a device says to have segments of its owner removed for good.
///
/// Encoded as a ``DeviceStatement`` around a CBOR map; unknown fields are kept because the bytes are.
public struct Tombstone: Hashable, Sendable {
    public let owner: OwnerID
    public let device: DeviceID
    /// In order, each once.
    public let segments: [SegmentID]
    /// When the owner decided so.
    public let at: Instant
    public let bytes: [UInt8]

    /// Most segments in one tombstone.
    public static let segmentsMax = SegmentList.countMax
    /// Largest tombstone, in bytes.
    public static let bytesMax = 10 * 1024

    /// Signs the tombstone with the device's key.
    ///
    /// - Throws: ``ObjectsError`` `.outOfRange` for no or too many segments, `.badSignature` if the key is not that of the
    ///   certificate, `.revoked`.
    public init(
        of segments: [SegmentID],
        at: Instant,
        certificate: DeviceCertificate,
        device: SigningKey<DeviceRole>
    ) throws(ObjectsError) {
        let list = try SegmentList(segments, of: Self.what)
        let payload = CBOR.map([
            "segments": .segments(list.segments), "at": .integer(at.milliseconds),
        ]).encoded()
        let statement = try DeviceStatement(
            ofOwner: certificate,
            signing: payload,
            in: .tombstone,
            device: device,
            of: Self.what
        )
        owner = statement.owner
        self.device = statement.device
        self.segments = list.segments
        self.at = at
        bytes = statement.bytes
    }

    /// Decodes and verifies both signatures.
    ///
    /// - Throws: ``ObjectsError`` `.malformed`, `.badSignature`, `.outOfRange`, `.tooLarge` or `.revoked`.
    public init(decoding bytes: [UInt8]) throws(ObjectsError) {
        let statement = try DeviceStatement(ofOwner: bytes, max: Self.bytesMax, in: .tombstone, of: Self.what)
        let segments: [SegmentID]
        do {
            let fields = try CBORFields(decoding: statement.payload, of: Self.what)
            segments = try fields.segments("segments", max: Self.segmentsMax)
            at = try fields.instant("at")
        } catch {
            throw ObjectsError(error, in: Self.what)
        }
        self.segments = try SegmentList(decoded: segments, of: Self.what).segments
        owner = statement.owner
        device = statement.device
        self.bytes = bytes
    }

    /// Whether this removes the segment of `record`: it names the segment, and the owner is the same.
    public func removes(_ record: SegmentRecord) -> Bool {
        owner == record.owner && SegmentList(sorted: segments).contains(record.id)
    }

    private static let what = "tombstone"
}
