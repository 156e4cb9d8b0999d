import Core

/// "Store these units of a piece": the body of a POST to ``path``, answered with a ``StoreAnswer``.
///
/// A ``PieceFrame``: the header says which units of which piece, the raw bytes are the units. The first part of a piece
/// carries the segment's record, and the owner's renewal where the record's own lease has been made longer.
public struct StorePart: Hashable, Sendable {
    /// Which units of which piece ``body`` is.
    public let fields: StorePartHead
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
        fields = try StorePartHead(
            piece: piece,
            firstUnit: firstUnit,
            pieceByteCount: pieceByteCount,
            record: record,
            renewal: renewal,
            bodyByteCount: body.count
        )
        self.body = body
    }

    /// All that goes in front of ``body`` on the wire.
    public var head: [UInt8] {
        Self.head(
            piece: fields.piece,
            firstUnit: fields.firstUnit,
            pieceByteCount: fields.pieceByteCount,
            record: fields.record,
            renewal: fields.renewal
        )
    }

    public var encoded: [UInt8] { head + body }

    /// Decodes; the body is not copied.
    ///
    /// - Throws: ``ObjectsError`` `.malformed`, `.outOfRange` or `.tooLarge`.
    public init(decoding bytes: [UInt8]) throws(ObjectsError) {
        let start = try StorePartHead.byteCount(in: bytes)
        fields = try StorePartHead(decoding: Array(bytes[..<start]), bodyByteCount: bytes.count - start)
        body = bytes[start...]
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
