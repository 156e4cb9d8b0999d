import Core

/// What comes before the raw bytes of a ``StorePart``, for whoever leaves those where they lie.
public struct StorePartHead: Hashable, Sendable {
    public let piece: PieceID
    /// The first unit in the body.
    public let firstUnit: Int
    /// Bytes of the whole piece.
    public let pieceByteCount: Int
    /// A ``SegmentRecord``, not yet verified; never absent if ``firstUnit`` is 0.
    public let record: [UInt8]?
    /// A ``LeaseRenewal`` of the segment, not yet verified; only beside ``record``.
    public let renewal: [UInt8]?
    /// Bytes of the body: whole units, the piece's last may be shorter.
    public let bodyByteCount: Int

    init(
        piece: PieceID,
        firstUnit: Int,
        pieceByteCount: Int,
        record: [UInt8]?,
        renewal: [UInt8]?,
        bodyByteCount: Int
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
        let units = PieceUnits.count(ofPiece: bodyByteCount)
        guard units >= 1, units <= StorePart.unitsMax else {
            throw ObjectsError(.tooLarge, "a part of \(units) units, 1…\(StorePart.unitsMax) are allowed")
        }
        let range = PieceUnits.range(firstUnit..<(firstUnit + units), ofPiece: pieceByteCount)
        guard range.count == bodyByteCount else {
            throw ObjectsError(.malformed, "\(bodyByteCount) bytes from unit \(firstUnit) are not whole units")
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
        self.bodyByteCount = bodyByteCount
    }

    /// Units in the body.
    public var units: Range<Int> { firstUnit..<(firstUnit + PieceUnits.count(ofPiece: bodyByteCount)) }

    /// Where in the piece the body belongs.
    public var pieceRange: Range<Int> { PieceUnits.range(units, ofPiece: pieceByteCount) }

    /// How many bytes of a whole part come before its body.
    ///
    /// - Throws: ``ObjectsError`` `.malformed` or `.tooLarge`.
    public static func byteCount(in message: some Collection<UInt8>) throws(ObjectsError) -> Int {
        guard message.count <= StorePart.bytesMax else {
            throw ObjectsError(.tooLarge, "a part of a piece of \(message.count) bytes, at most \(StorePart.bytesMax)")
        }
        guard
            let count = try PieceFrame.headByteCount(startingWith: message, headerMax: StorePart.headerBytesMax),
            count <= message.count
        else { throw ObjectsError(.malformed, "a part of a piece ends inside its header") }
        return count
    }

    /// Decodes what comes before a body of so many bytes.
    ///
    /// - Throws: ``ObjectsError`` `.malformed`, `.outOfRange` or `.tooLarge`.
    public init(decoding bytes: [UInt8], bodyByteCount: Int) throws(ObjectsError) {
        let (fields, _) = try PieceFrame.split(bytes, headerMax: StorePart.headerBytesMax, of: "part of a piece")
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
            bodyByteCount: bodyByteCount
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
