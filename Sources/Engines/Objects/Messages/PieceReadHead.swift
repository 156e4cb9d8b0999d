import Core

/// The front of an answer to a ``PieceRead``: what all units of the piece have to be; the raw units that were asked for follow.
///
/// A ``PieceFrame`` whose header is a CBOR map of the piece's length and its units' hashes (32 bytes each, side by side).
/// Believe it once ``root`` is the root in the segment's record.
public struct PieceReadHead: Hashable, Sendable {
    /// Bytes of the whole piece.
    public let pieceByteCount: Int
    /// The hash of each unit of the piece.
    public let unitHashes: [Digest]

    /// Longest header, in bytes.
    public static let headerBytesMax = SegmentLayout.unitCountMax * Digest.byteCount + 64

    /// - Throws: ``ObjectsError`` `.outOfRange` when no piece has this length, or has other than one hash per unit.
    public init(pieceByteCount: Int, unitHashes: [Digest]) throws(ObjectsError) {
        guard pieceByteCount >= 1, pieceByteCount <= SegmentLayout.segmentBytesMax,
            unitHashes.count == PieceUnits.count(ofPiece: pieceByteCount)
        else { throw ObjectsError(.outOfRange, "a piece of \(pieceByteCount) bytes has no \(unitHashes.count) units") }
        self.pieceByteCount = pieceByteCount
        self.unitHashes = unitHashes
    }

    public var encoded: [UInt8] {
        PieceFrame.head(.map(["bytes": .int(pieceByteCount), "units": .bytes(unitHashes.flatMap(\.bytes))]))
    }

    /// Decodes the front of an answer and says how many of its bytes that was.
    ///
    /// - Returns: `nil` while `bytes` end inside the head: come back with more.
    /// - Throws: ``ObjectsError`` `.malformed`, `.outOfRange` or `.tooLarge`.
    public static func read(from bytes: [UInt8]) throws(ObjectsError) -> (head: PieceReadHead, byteCount: Int)? {
        guard let end = try PieceFrame.headByteCount(startingWith: bytes, headerMax: headerBytesMax),
            end <= bytes.count
        else { return nil }
        let (fields, _) = try PieceFrame.split(bytes, headerMax: headerBytesMax, of: "head of units")
        let pieceByteCount: Int
        var hashes: [Digest] = []
        do {
            pieceByteCount = try fields.int("bytes", max: SegmentLayout.segmentBytesMax)
            let joined = try fields.bytes("units", max: SegmentLayout.unitCountMax * Digest.byteCount)
            for start in stride(from: 0, to: joined.count, by: Digest.byteCount) {
                hashes.append(try Digest(joined[start..<min(start + Digest.byteCount, joined.count)]))
            }
        } catch {
            throw ObjectsError(error, in: "head of units")
        }
        return (try PieceReadHead(pieceByteCount: pieceByteCount, unitHashes: hashes), end)
    }

    /// The root of a piece with these units, to be compared with the one in the segment's record.
    public var root: Digest { PieceTree.root(unitHashes: unitHashes) }

    /// Checks that this is the head of piece `index` of the segment of `record`.
    ///
    /// - Throws: ``ObjectsError`` `.mismatch`.
    public func check(index: Int, of record: SegmentRecord) throws(ObjectsError) {
        guard record.roots.indices.contains(index), pieceByteCount == record.layout.pieceByteCount,
            root == record.roots[index]
        else { throw ObjectsError(.mismatch, "this is not piece \(index) of \(record.id)") }
    }

    /// Which bytes of the piece unit `unit` is; `nil` if the piece has no such unit.
    public func range(ofUnit unit: Int) -> Range<Int>? {
        unitHashes.indices.contains(unit) ? PieceUnits.range(unit..<(unit + 1), ofPiece: pieceByteCount) : nil
    }

    /// Whether `region` is unit `unit` of the piece.
    public func verifies(_ region: UnsafeRawBufferPointer, asUnit unit: Int) -> Bool {
        guard let range = range(ofUnit: unit), range.count == region.count else { return false }
        return PieceTree.unitHash(of: region) == unitHashes[unit]
    }
}
