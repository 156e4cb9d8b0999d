/// 32 bytes without a heap allocation, aligned like an integer.
///
/// Not a `SIMD4<UInt64>`: its alignment of 32 bytes is more than the frames of async functions guarantee (Swift 6.3), and
/// values in such frames then corrupt them.
struct Words32: Hashable, Sendable {
    private let first: UInt64
    private let second: UInt64
    private let third: UInt64
    private let fourth: UInt64

    static let byteCount = 32

    /// `region` has exactly 32 bytes.
    init(_ region: UnsafeRawBufferPointer) {
        first = region.loadUnaligned(fromByteOffset: 0, as: UInt64.self)
        second = region.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        third = region.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
        fourth = region.loadUnaligned(fromByteOffset: 24, as: UInt64.self)
    }

    /// Whether these bytes come first in lexicographic order; allocates nothing.
    func precedes(_ other: Words32) -> Bool {
        if first != other.first { return UInt64(bigEndian: first) < UInt64(bigEndian: other.first) }
        if second != other.second { return UInt64(bigEndian: second) < UInt64(bigEndian: other.second) }
        if third != other.third { return UInt64(bigEndian: third) < UInt64(bigEndian: other.third) }
        return UInt64(bigEndian: fourth) < UInt64(bigEndian: other.fourth)
    }

    var bytes: [UInt8] { withUnsafeBytes(of: self) { Array($0) } }
}
