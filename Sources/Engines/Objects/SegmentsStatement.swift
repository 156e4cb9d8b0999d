import Core
import Owners

/// What lease renewals and tombstones have in common: a device says something about segments of its owner.
struct SegmentsStatement: Hashable, Sendable {
    let owner: OwnerID
    let device: DeviceID
    /// In order, each once.
    let segments: [SegmentID]
    let bytes: [UInt8]

    /// Largest statement, in bytes.
    static let bytesMax = 10 * 1024

    /// Signs with the device's key.
    ///
    /// - Parameters:
    ///   - fields: what is said, next to the segments.
    ///   - record: what the statement is, for error messages.
    /// - Throws: ``ObjectsError`` `.outOfRange` for no or too many segments, `.badSignature` if the key is not that of the
    ///   certificate, `.revoked`.
    init(
        of segments: [SegmentID],
        saying fields: [String: CBOR],
        certificate: DeviceCertificate,
        device: SigningKey<DeviceRole>,
        in domain: SignatureDomain,
        of record: String
    ) throws(ObjectsError) {
        let list = try SegmentList(segments, of: record)
        var fields = fields
        fields["segments"] = .segments(list.segments)
        let statement = try DeviceStatement(
            ofOwner: certificate,
            signing: CBOR.map(fields).encoded(),
            in: domain,
            device: device,
            of: record
        )
        self.init(statement, list)
    }

    private init(_ statement: DeviceStatement, _ list: SegmentList) {
        owner = statement.owner
        device = statement.device
        segments = list.segments
        bytes = statement.bytes
    }

    /// Decodes, verifies both signatures, and hands the other fields to `body`.
    ///
    /// - Throws: ``ObjectsError`` `.malformed`, `.badSignature`, `.outOfRange`, `.tooLarge` or `.revoked`.
    static func decode<Said>(
        _ bytes: [UInt8],
        in domain: SignatureDomain,
        of record: String,
        _ body: (CBORFields) throws(CoreError) -> Said
    ) throws(ObjectsError) -> (SegmentsStatement, Said) {
        let statement = try DeviceStatement(ofOwner: bytes, max: bytesMax, in: domain, of: record)
        let segments: [SegmentID]
        let said: Said
        do {
            let fields = try CBORFields(decoding: statement.payload, of: record)
            segments = try fields.segments("segments", max: SegmentList.countMax)
            said = try body(fields)
        } catch {
            throw ObjectsError(error, in: record)
        }
        return (SegmentsStatement(statement, try SegmentList(decoded: segments, of: record)), said)
    }

    /// Whether this is about the segment of `record`: it names the segment, and the owner is the same.
    func isAbout(_ record: SegmentRecord) -> Bool {
        owner == record.owner && SegmentList(sorted: segments).contains(record.id)
    }
}
