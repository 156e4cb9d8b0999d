import Core
import Owners

/// What a device says to have segments of its owner removed for good.
///
/// Encoded as a ``DeviceStatement`` around a CBOR map; unknown fields are kept because the bytes are.
public struct Tombstone: Hashable, Sendable {
    private let statement: SegmentsStatement
    /// When the owner decided so.
    public let at: Instant

    public var owner: OwnerID { statement.owner }
    public var device: DeviceID { statement.device }
    /// In order, each once.
    public var segments: [SegmentID] { statement.segments }
    public var bytes: [UInt8] { statement.bytes }

    /// Most segments in one tombstone.
    public static let segmentsMax = SegmentList.countMax
    /// Largest tombstone, in bytes.
    public static let bytesMax = SegmentsStatement.bytesMax

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
        statement = try SegmentsStatement(
            of: segments,
            saying: ["at": .integer(at.milliseconds)],
            certificate: certificate,
            device: device,
            in: .tombstone,
            of: Self.what
        )
        self.at = at
    }

    /// Decodes and verifies both signatures.
    ///
    /// - Throws: ``ObjectsError`` `.malformed`, `.badSignature`, `.outOfRange`, `.tooLarge` or `.revoked`.
    public init(decoding bytes: [UInt8]) throws(ObjectsError) {
        (statement, at) = try SegmentsStatement.decode(bytes, in: .tombstone, of: Self.what) {
            fields throws(CoreError) in try fields.instant("at")
        }
    }

    /// Whether this removes the segment of `record`: it names the segment, and the owner is the same.
    public func removes(_ record: SegmentRecord) -> Bool {
        statement.isAbout(record)
    }

    private static let what = "tombstone"
}
