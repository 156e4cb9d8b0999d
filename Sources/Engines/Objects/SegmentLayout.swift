/// Where the bytes of a segment lie in its pieces.
///
/// The padded segment is cut into full stripes of k units of 64 KiB and, if something is left, one last stripe whose units
/// are as short as they can be; piece i is its unit of each stripe in order. All arithmetic is on the padded length, so the
/// segment's record is enough to know the layout.
public struct SegmentLayout: Hashable, Sendable {
    public let code: SegmentCode
    /// The segment with its padding, in bytes.
    public let paddedByteCount: Int
    /// Stripes whose units have ``unitBytesMax`` bytes.
    public let fullStripeCount: Int
    /// Bytes of each unit of the last, shorter stripe; 0 if there is none.
    public let lastUnitByteCount: Int

    /// Longest unit, in bytes.
    public static let unitBytesMax = 65_536
    /// Largest segment, in bytes.
    public static let segmentBytesMax = 67_108_864
    /// Most units of a piece: that of a whole copy.
    public static let unitCountMax = segmentBytesMax / unitBytesMax

    /// The layout of a segment of `byteCount` bytes, with or without its padding.
    ///
    /// - Throws: ``ObjectsError`` `.outOfRange` unless there are 1...``segmentBytesMax`` bytes.
    public init(code: SegmentCode, byteCount: Int) throws(ObjectsError) {
        guard byteCount >= 1, byteCount <= Self.segmentBytesMax else {
            throw ObjectsError(.outOfRange, "a segment of \(byteCount) bytes, 1…\(Self.segmentBytesMax) are possible")
        }
        self.code = code
        paddedByteCount = PaddedLength.of(byteCount)
        let stripeByteCount = code.dataCount * Self.unitBytesMax
        fullStripeCount = paddedByteCount / stripeByteCount
        lastUnitByteCount = (paddedByteCount % stripeByteCount + code.dataCount - 1) / code.dataCount
    }

    /// Bytes of each of the n pieces.
    public var pieceByteCount: Int { fullStripeCount * Self.unitBytesMax + lastUnitByteCount }

    /// Units of each piece, and so stripes of the segment; at least 1.
    public var unitCount: Int { fullStripeCount + (lastUnitByteCount > 0 ? 1 : 0) }

    /// Bytes of each unit of stripe `unit`.
    public func unitByteCount(_ unit: Int) -> Int {
        precondition(unit >= 0 && unit < unitCount, "no unit \(unit) in pieces of \(unitCount)")
        return unit < fullStripeCount ? Self.unitBytesMax : lastUnitByteCount
    }

    /// The bytes of a piece that are its unit `unit`.
    public func unitRange(_ unit: Int) -> Range<Int> {
        let start = unit * Self.unitBytesMax
        return start..<(start + unitByteCount(unit))
    }

    /// The bytes of the padded segment that are in unit `unit` of data piece `piece`.
    ///
    /// Shorter than the unit, or empty, where the last stripe's zeros begin.
    public func segmentRange(piece: Int, unit: Int) -> Range<Int> {
        precondition(piece >= 0 && piece < code.dataCount, "piece \(piece) holds no bytes of the segment itself")
        let byteCount = unitByteCount(unit)
        let start = unit * code.dataCount * Self.unitBytesMax + piece * byteCount
        return min(start, paddedByteCount)..<min(start + byteCount, paddedByteCount)
    }
}
