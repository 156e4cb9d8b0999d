import Core
import Owners

/// What repair has to know of a segment: enough to count its pieces, nothing that would have to be verified again.
///
/// A node that starts with a million segments reads their records from its own store, where each came after both of its
/// signatures were verified. The segment's name is the digest of the signed payload, so one hash tells that the payload
/// is still that one; the signatures are verified again when the record is used for anything else.
public struct SegmentOutline: Hashable, Sendable {
    public let id: SegmentID
    public let layout: SegmentLayout
    public let created: Instant
    /// As the record says; renewals are not in it.
    public let leaseEnd: Instant

    public init(_ record: SegmentRecord) {
        id = record.id
        layout = record.layout
        created = record.created
        leaseEnd = record.leaseEnd
    }

    /// Decodes a record that was verified before it was stored.
    ///
    /// - Throws: ``ObjectsError`` `.malformed`, `.outOfRange`, or `.mismatch` when it is not the record of `id`.
    public init(stored bytes: [UInt8], as id: SegmentID) throws(ObjectsError) {
        let counts: (k: Int, n: Int, bytes: Int)
        do {
            let payload = try DeviceStatement.payload(of: bytes)
            guard SegmentID(hashing: payload) == id else {
                throw ObjectsError(.mismatch, "what is stored as the record of segment \(id) is not its record")
            }
            let fields = try CBORFields(decoding: payload, of: Self.what)
            counts = (
                try fields.int("k", max: SegmentCode.totalCountMax),
                try fields.int("n", max: SegmentCode.totalCountMax),
                try fields.int("bytes", max: SegmentLayout.segmentBytesMax)
            )
            created = try fields.instant("created")
            leaseEnd = try fields.instant("lease")
        } catch let error as ObjectsError {
            throw error
        } catch let error as CoreError {
            throw ObjectsError(error, in: Self.what)
        } catch {
            throw ObjectsError(.malformed, "\(Self.what): \(error)")
        }
        layout = try SegmentLayout(
            code: SegmentCode(dataCount: counts.k, totalCount: counts.n),
            byteCount: counts.bytes
        )
        self.id = id
    }

    private static let what = "stored segment record"
}
