import Core
import SQLite

/// A range of a volume that one frame takes.
struct Extent: Hashable, Sendable {
    let volume: Int64
    let offset: Int
    /// In bytes, a multiple of ``FrameHeader/alignment``.
    let byteCount: Int

    var end: Int { offset + byteCount }
}

/// What the index knows of a segment.
struct SegmentRow {
    static let columns = "id, owner, lease, slot, entombed"

    let id: Int64
    let owner: [UInt8]
    let lease: Instant
    /// The lease slot that the latest extension was written to.
    let slot: Int
    let isEntombed: Bool

    init(_ row: RawRow, from column: CInt = 0) {
        id = row.integer(column)
        owner = row.bytes(column + 1)
        lease = row.instant(column + 2)
        slot = row.int(column + 3)
        isEntombed = row.integer(column + 4) != 0
    }
}

/// What the index knows of a piece, but for its hashes.
struct PieceRow: Hashable {
    static let columns = "number, volume, offset, frame, header, bytes, state"

    let number: Int
    let extent: Extent
    /// Length of the header in bytes; the payload follows.
    let header: Int
    let byteCount: Int
    let state: PieceAccounting.State

    init(_ row: RawRow, from column: CInt = 0) {
        number = row.int(column)
        extent = Extent(volume: row.integer(column + 1), offset: row.int(column + 2), byteCount: row.int(column + 3))
        header = row.int(column + 4)
        byteCount = row.int(column + 5)
        state = PieceAccounting.State(rawValue: row.int(column + 6)) ?? .damaged
    }

    var payloadOffset: Int { extent.offset + header }
    var amount: PieceAmount {
        PieceAmount(count: 1, payloadBytes: Int64(byteCount), diskBytes: Int64(extent.byteCount))
    }
}
