import Core

/// A CBOR header with raw bytes behind it: header length (4 bytes, big-endian) ‖ header ‖ raw bytes.
public enum PieceFrame {
    /// Bytes of the length in front of the header.
    public static let lengthByteCount = 4

    /// How many bytes length and header have together, or `nil` while there are too few bytes to tell.
    ///
    /// - Throws: ``ObjectsError`` `.tooLarge` over `max` bytes of header.
    public static func headByteCount(
        startingWith bytes: some Collection<UInt8>,
        headerMax max: Int
    ) throws(ObjectsError) -> Int? {
        guard bytes.count >= lengthByteCount else { return nil }
        let length = bytes.prefix(lengthByteCount).reduce(0) { $0 << 8 | Int($1) }
        guard length <= max else {
            throw ObjectsError(.tooLarge, "a header of \(length) bytes, at most \(max)")
        }
        return lengthByteCount + length
    }

    static func head(_ header: CBOR) -> [UInt8] {
        let encoded = header.encoded()
        return withUnsafeBytes(of: UInt32(encoded.count).bigEndian) { Array($0) } + encoded
    }

    /// The header of `message` and where the raw bytes behind it start.
    static func split(
        _ message: [UInt8],
        headerMax: Int,
        of what: String
    ) throws(ObjectsError) -> (fields: CBORFields, bodyStart: Int) {
        guard let start = try headByteCount(startingWith: message, headerMax: headerMax), start <= message.count else {
            throw ObjectsError(.malformed, "a \(what) ends inside its header")
        }
        do {
            return (try CBORFields(decoding: message[lengthByteCount..<start], of: what), start)
        } catch {
            throw ObjectsError(error, in: what)
        }
    }
}

/// What the units of a piece are, and of which lengths.
package enum PieceUnits {
    /// Units of a piece of `byteCount` bytes.
    package static func count(ofPiece byteCount: Int) -> Int {
        (byteCount + SegmentLayout.unitBytesMax - 1) / SegmentLayout.unitBytesMax
    }

    /// The bytes of a piece of `byteCount` bytes that are in `units`, which it has.
    package static func range(_ units: Range<Int>, ofPiece byteCount: Int) -> Range<Int> {
        (units.lowerBound * SegmentLayout.unitBytesMax)..<min(units.upperBound * SegmentLayout.unitBytesMax, byteCount)
    }
}
