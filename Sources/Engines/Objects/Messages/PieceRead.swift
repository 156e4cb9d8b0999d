import Core

/// "Give me these units of a piece": the body of a POST to ``path``, answered with a ``PieceReadHead`` and the units.
///
/// Encoded as a CBOR map.
public struct PieceRead: Hashable, Sendable {
    public let piece: PieceID
    /// The units that are wanted; units behind the piece's last are left out of the answer.
    public let units: Range<Int>
    /// A ``Grant``, not yet verified.
    public let grant: [UInt8]?

    public static let path = "/piece/read"
    /// Most units that are asked for at once: those of the longest piece.
    public static let unitsMax = SegmentLayout.unitCountMax
    /// Largest request, in bytes.
    public static let bytesMax = Grant.bytesMax + 256

    /// - Throws: ``ObjectsError`` `.outOfRange` for units or an index that no piece has, `.tooLarge`.
    public init(piece: PieceID, units: Range<Int>, grant: [UInt8]?) throws(ObjectsError) {
        guard piece.index >= 0, piece.index < SegmentCode.totalCountMax, units.lowerBound >= 0, !units.isEmpty,
            units.upperBound <= SegmentLayout.unitCountMax
        else { throw ObjectsError(.outOfRange, "no piece \(piece.index) has the units \(units)") }
        guard grant?.count ?? 0 <= Grant.bytesMax else {
            throw ObjectsError(.tooLarge, "a grant of \(grant?.count ?? 0) bytes, at most \(Grant.bytesMax)")
        }
        self.piece = piece
        self.units = units
        self.grant = grant
    }

    public var encoded: [UInt8] {
        CBOR.map([
            "segment": .bytes(piece.segment.bytes), "index": .int(piece.index), "first": .int(units.lowerBound),
            "count": .int(units.count), "grant": .bytesOrNull(grant),
        ]).encoded()
    }

    /// - Throws: ``ObjectsError`` `.malformed`, `.outOfRange` or `.tooLarge`.
    public init(decoding bytes: [UInt8]) throws(ObjectsError) {
        guard bytes.count <= Self.bytesMax else {
            throw ObjectsError(.tooLarge, "a request for units of \(bytes.count) bytes, at most \(Self.bytesMax)")
        }
        let read: (piece: PieceID, first: Int, count: Int, grant: [UInt8]?)
        do {
            let fields = try CBORFields(decoding: bytes, of: "request for units")
            read = (
                try fields.piece(),
                try fields.int("first", max: SegmentLayout.unitCountMax - 1),
                try fields.int("count", max: Self.unitsMax),
                try fields.bytesOrNull("grant", max: Grant.bytesMax)
            )
        } catch {
            throw ObjectsError(error, in: "request for units")
        }
        try self.init(piece: read.piece, units: read.first..<(read.first + read.count), grant: read.grant)
    }
}
