import Core

/// "Store these units of a piece": the body of a POST to ``path``, answered with a ``StoreAnswer``.
///
/// A ``PieceFrame``: the header says which units of which piece, the raw bytes are the units. The first part of a piece
/// carries the segment's record, and the owner's renewal where the record's own lease has been made longer.
public struct StorePart: Hashable, Sendable {
    public let piece: PieceID
    /// The first unit in ``body``.
    public let firstUnit: Int
    /// Bytes of the whole piece.
    public let pieceByteCount: Int
    /// A ``SegmentRecord``, not yet verified; never absent if ``firstUnit`` is 0.
    public let record: [UInt8]?
    /// A ``LeaseRenewal`` of the segment, not yet verified; only beside ``record``.
    public let renewal: [UInt8]?
    /// Whole units; the piece's last may be shorter.
    public let body: ArraySlice<UInt8>

    public static let path = "/piece/store"
    /// Most units in a part.
    public static let unitsMax = 15
    /// Longest header, in bytes.
    public static let headerBytesMax = SegmentRecord.bytesMax + LeaseRenewal.bytesMax + 256
    /// Largest part, in bytes.
    public static let bytesMax = PieceFrame.lengthByteCount + headerBytesMax + unitsMax * SegmentLayout.unitBytesMax

    /// - Throws: ``ObjectsError`` `.outOfRange`, `.malformed` or `.tooLarge` when the bytes are not whole units of the piece.
    public init(
        piece: PieceID,
        firstUnit: Int,
        pieceByteCount: Int,
        record: [UInt8]?,
        renewal: [UInt8]? = nil,
        body: ArraySlice<UInt8>
    ) throws(ObjectsError) {
        guard piece.index >= 0, piece.index < SegmentCode.totalCountMax,
            pieceByteCount >= 1, pieceByteCount <= SegmentLayout.segmentBytesMax,
            firstUnit >= 0, firstUnit < PieceUnits.count(ofPiece: pieceByteCount)
        else {
            throw ObjectsError(
                .outOfRange,
                "no piece \(piece.index) of \(pieceByteCount) bytes has a unit \(firstUnit)"
            )
        }
        let units = PieceUnits.count(ofPiece: body.count)
        guard units >= 1, units <= Self.unitsMax else {
            throw ObjectsError(.tooLarge, "a part of \(units) units, 1…\(Self.unitsMax) are allowed")
        }
        let range = PieceUnits.range(firstUnit..<(firstUnit + units), ofPiece: pieceByteCount)
        guard range.count == body.count else {
            throw ObjectsError(.malformed, "\(body.count) bytes from unit \(firstUnit) are not whole units")
        }
        guard record != nil || firstUnit > 0 else {
            throw ObjectsError(.malformed, "the first part of a piece comes without the segment's record")
        }
        guard record?.count ?? 0 <= SegmentRecord.bytesMax else {
            throw ObjectsError(.tooLarge, "a segment record of \(record?.count ?? 0) bytes")
        }
        guard renewal == nil || record != nil, renewal?.count ?? 0 <= LeaseRenewal.bytesMax else {
            throw ObjectsError(.malformed, "a renewal of \(renewal?.count ?? 0) bytes comes with a part of a piece")
        }
        self.piece = piece
        self.firstUnit = firstUnit
        self.pieceByteCount = pieceByteCount
        self.record = record
        self.renewal = renewal
        self.body = body
    }

    /// Units in ``body``.
    public var units: Range<Int> { firstUnit..<(firstUnit + PieceUnits.count(ofPiece: body.count)) }

    /// Where in the piece ``body`` belongs.
    public var pieceRange: Range<Int> { PieceUnits.range(units, ofPiece: pieceByteCount) }

    /// All that goes in front of ``body`` on the wire.
    public var head: [UInt8] {
        Self.head(
            piece: piece,
            firstUnit: firstUnit,
            pieceByteCount: pieceByteCount,
            record: record,
            renewal: renewal
        )
    }

    public var encoded: [UInt8] { head + body }

    /// Decodes; the body is not copied.
    ///
    /// - Throws: ``ObjectsError`` `.malformed`, `.outOfRange` or `.tooLarge`.
    public init(decoding bytes: [UInt8]) throws(ObjectsError) {
        guard bytes.count <= Self.bytesMax else {
            throw ObjectsError(.tooLarge, "a part of a piece of \(bytes.count) bytes, at most \(Self.bytesMax)")
        }
        let (fields, start) = try PieceFrame.split(bytes, headerMax: Self.headerBytesMax, of: "part of a piece")
        let header: (piece: PieceID, first: Int, bytes: Int, record: [UInt8]?, renewal: [UInt8]?)
        do {
            header = (
                try fields.piece(),
                try fields.int("first", max: SegmentLayout.unitCountMax - 1),
                try fields.int("bytes", max: SegmentLayout.segmentBytesMax),
                try fields.bytesOrNull("record", max: SegmentRecord.bytesMax),
                fields.optional("renewal") == nil
                    ? nil : try fields.bytes("renewal", max: LeaseRenewal.bytesMax)
            )
        } catch {
            throw ObjectsError(error, in: "part of a piece")
        }
        try self.init(
            piece: header.piece,
            firstUnit: header.first,
            pieceByteCount: header.bytes,
            record: header.record,
            renewal: header.renewal,
            body: bytes[start...]
        )
    }

    /// Checks that the segment of `record` has such a piece.
    ///
    /// - Throws: ``ObjectsError`` `.mismatch`.
    public func check(against record: SegmentRecord) throws(ObjectsError) {
        guard piece.segment == record.id, piece.index < record.code.totalCount,
            pieceByteCount == record.layout.pieceByteCount
        else { throw ObjectsError(.mismatch, "segment \(record.id) has no piece \(piece) of \(pieceByteCount) bytes") }
    }
}

extension StorePart {
    /// What goes before the raw bytes of a part, for whoever writes them without a copy.
    ///
    /// - Parameters:
    ///   - record: The segment's record; a piece's first part has it.
    ///   - renewal: The owner's renewal, beside a record whose own lease was made longer.
    public static func head(
        piece: PieceID,
        firstUnit: Int,
        pieceByteCount: Int,
        record: [UInt8]?,
        renewal: [UInt8]? = nil
    ) -> [UInt8] {
        var fields: [String: CBOR] = [
            "segment": .bytes(piece.segment.bytes), "index": .int(piece.index), "first": .int(firstUnit),
            "bytes": .int(pieceByteCount), "record": .bytesOrNull(record),
        ]
        if let renewal { fields["renewal"] = .bytes(renewal) }
        return PieceFrame.head(.map(fields))
    }
}
