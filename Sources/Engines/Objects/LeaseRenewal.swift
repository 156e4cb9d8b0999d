import Core
import Owners

/// What a device says to keep segments of its owner longer.
///
/// Encoded as a ``DeviceStatement`` around a CBOR map; unknown fields are kept because the bytes are.
public struct LeaseRenewal: Hashable, Sendable {
    public let owner: OwnerID
    public let device: DeviceID
    /// In order, each once.
    public let segments: [SegmentID]
    /// Until when the pieces are kept.
    public let until: Instant
    /// Strictly growing per owner; of two renewals of a segment the higher version counts.
    public let version: UInt64
    public let bytes: [UInt8]

    /// Most segments in one renewal.
    public static let segmentsMax = SegmentList.countMax
    /// Largest renewal, in bytes.
    public static let bytesMax = 10 * 1024

    /// Signs the renewal with the device's key.
    ///
    /// - Throws: ``ObjectsError`` `.outOfRange` for no or too many segments, `.badSignature` if the key is not that of the
    ///   certificate, `.revoked`.
    public init(
        of segments: [SegmentID],
        until: Instant,
        version: UInt64,
        certificate: DeviceCertificate,
        device: SigningKey<DeviceRole>
    ) throws(ObjectsError) {
        let list = try SegmentList(segments, of: Self.what)
        let payload = CBOR.map([
            "segments": .segments(list.segments), "until": .integer(until.milliseconds), "version": .unsigned(version),
        ]).encoded()
        let statement = try DeviceStatement(
            ofOwner: certificate,
            signing: payload,
            in: .lease,
            device: device,
            of: Self.what
        )
        owner = statement.owner
        self.device = statement.device
        self.segments = list.segments
        self.until = until
        self.version = version
        bytes = statement.bytes
    }

    /// Decodes and verifies both signatures.
    ///
    /// - Throws: ``ObjectsError`` `.malformed`, `.badSignature`, `.outOfRange`, `.tooLarge` or `.revoked`.
    public init(decoding bytes: [UInt8]) throws(ObjectsError) {
        let statement = try DeviceStatement(ofOwner: bytes, max: Self.bytesMax, in: .lease, of: Self.what)
        let segments: [SegmentID]
        do {
            let fields = try CBORFields(decoding: statement.payload, of: Self.what)
            segments = try fields.segments("segments", max: Self.segmentsMax)
            until = try fields.instant("until")
            version = try fields.unsigned("version")
        } catch {
            throw ObjectsError(error, in: Self.what)
        }
        self.segments = try SegmentList(decoded: segments, of: Self.what).segments
        owner = statement.owner
        device = statement.device
        self.bytes = bytes
    }

    /// Whether this keeps the segment of `record`: it names the segment, and the owner is the same.
    public func renews(_ record: SegmentRecord) -> Bool {
        owner == record.owner && SegmentList(sorted: segments).contains(record.id)
    }

    private static let what = "lease renewal"
}
