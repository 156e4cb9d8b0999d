import Core
import Mesh

/// What a node asks of its trial process: to decode records. Each that was decoded is answered by one byte.
///
///     4 bytes     length of what follows, big endian
///     CBOR array  mesh, its time in milliseconds, then kind and bytes of each record
struct TrialRequest {
    /// Most bytes behind the length: more than any message holds.
    static let bytesMax = 2 * MeshLimits.messageBytesMax

    let mesh: CID
    let now: Instant
    let records: [(kind: RecordKind, bytes: [UInt8])]

    init(mesh: CID, now: Instant, records: [(kind: RecordKind, bytes: [UInt8])]) {
        self.mesh = mesh
        self.now = now
        self.records = records
    }

    /// - Parameter bytes: Without the length.
    init?(decoding bytes: [UInt8]) {
        guard case .array(let items)? = try? CBOR(decoding: bytes), items.count >= 2, items.count.isMultiple(of: 2),
            case .link(let mesh) = items[0], case .unsigned(let now) = items[1]
        else { return nil }
        self.mesh = mesh
        self.now = Instant(milliseconds: Int64(clamping: now))
        records = stride(from: 2, to: items.count, by: 2).compactMap { index in
            guard case .unsigned(let code) = items[index], case .bytes(let bytes) = items[index + 1] else { return nil }
            return (RecordKind(code: UInt8(clamping: code)), bytes)
        }
    }

    /// With the length.
    var encoded: [UInt8] {
        let head: [CBOR] = [.link(mesh), .unsigned(UInt64(clamping: now.milliseconds))]
        let items = records.flatMap { [CBOR.unsigned(UInt64($0.kind.code)), .bytes($0.bytes)] }
        let body = CBOR.array(head + items).encoded()
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: body.count >> $0) } + body
    }
}
