/// Unsigned LEB128 integers as multiformats uses them: minimal, at most nine bytes (63 bits).
///
/// Source: multiformats unsigned-varint.
public enum Varint {
    /// Longest accepted encoding, in bytes.
    public static let lengthMax = 9

    /// Appends `value` to `bytes`. `value` must be below 2^63.
    public static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        precondition(value < 1 << 63, "an unsigned-varint holds at most 63 bits")
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// Bytes that ``append(_:to:)`` takes for `value`.
    public static func byteCount(of value: UInt64) -> Int {
        max(1, (UInt64.bitWidth - value.leadingZeroBitCount + 6) / 7)
    }

    /// Reads one varint from the front of `bytes` and drops what it read.
    ///
    /// - Throws: ``CoreError`` `.truncated`, `.tooLarge` (over nine bytes) or `.notCanonical` (not minimal).
    public static func read(from bytes: inout ArraySlice<UInt8>) throws(CoreError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        for (count, byte) in bytes.enumerated() {
            guard count < lengthMax else {
                throw CoreError(.tooLarge, "a varint is longer than \(lengthMax) bytes")
            }
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 {
                guard byte != 0 || count == 0 else {
                    throw CoreError(.notCanonical, "a varint ends in a zero byte")
                }
                bytes = bytes.dropFirst(count + 1)
                return value
            }
            shift += 7
        }
        throw CoreError(.truncated, "a varint ends after \(bytes.count) bytes")
    }
}
