import Core
import Owners

/// What a device says to keep segments of its owner longer.
///
/// Encoded as a ``DeviceStatement`` around a CBOR map; unknown fields are kept because the bytes are.
public struct LeaseRenewal: Hashable, Sendable {
    private let statement: SegmentsStatement
    /// Until when the pieces are kept.
    public let until: Instant
    /// Strictly growing per owner; of two renewals of a segment the higher version counts.
    public let version: UInt64

    public var owner: OwnerID { statement.owner }
    public var device: DeviceID { statement.device }
    /// In order, each once.
    public var segments: [SegmentID] { statement.segments }
    public var bytes: [UInt8] { statement.bytes }

    /// Most segments in one renewal.
    public static let segmentsMax = SegmentList.countMax
    /// Largest renewal, in bytes.
    public static let bytesMax = SegmentsStatement.bytesMax

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
        statement = try SegmentsStatement(
            of: segments,
            saying: ["until": .integer(until.milliseconds), "version": .unsigned(version)],
            certificate: certificate,
            device: device,
            in: .lease,
            of: Self.what
        )
        self.until = until
        self.version = version
    }

    /// Decodes and verifies both signatures.
    ///
    /// - Throws: ``ObjectsError`` `.malformed`, `.badSignature`, `.outOfRange`, `.tooLarge` or `.revoked`.
    public init(decoding bytes: [UInt8]) throws(ObjectsError) {
        (statement, (until, version)) = try SegmentsStatement.decode(bytes, in: .lease, of: Self.what) {
            fields throws(CoreError) in (try fields.instant("until"), try fields.unsigned("version"))
        }
    }

    /// Whether this keeps the segment of `record`: it names the segment, and the owner is the same.
    public func renews(_ record: SegmentRecord) -> Bool {
        statement.isAbout(record)
    }

    private static let what = "lease renewal"
}
