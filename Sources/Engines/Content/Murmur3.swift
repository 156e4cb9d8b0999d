/// The first 64 bits of MurmurHash3 x64-128 with seed 0 (multihash code 0x22), which spreads names over a HAMT.
///
/// Source: Austin Appleby, MurmurHash3 (public domain). Not a cryptographic hash.
enum Murmur3 {
    private static let c1: UInt64 = 0x87C3_7B91_1142_53D5
    private static let c2: UInt64 = 0x4CF5_AD43_2745_937F

    static func hash(_ bytes: [UInt8]) -> UInt64 {
        var (h1, h2): (UInt64, UInt64) = (0, 0)
        let whole = bytes.count & ~15
        for start in stride(from: 0, to: whole, by: 16) {
            h1 ^= scramble1(word(bytes[start..<start + 8]))
            h1 = (rotate(h1, 27) &+ h2) &* 5 &+ 0x52DC_E729
            h2 ^= scramble2(word(bytes[start + 8..<start + 16]))
            h2 = (rotate(h2, 31) &+ h1) &* 5 &+ 0x3849_5AB5
        }
        let tail = bytes[whole...]
        h2 ^= scramble2(word(tail.dropFirst(8)))
        h1 ^= scramble1(word(tail.prefix(8)))
        h1 ^= UInt64(bytes.count)
        h2 ^= UInt64(bytes.count)
        h1 &+= h2
        h2 &+= h1
        return mix(h1) &+ mix(h2)
    }

    /// Up to eight bytes, the first one least significant.
    private static func word(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func scramble1(_ word: UInt64) -> UInt64 { rotate(word &* c1, 31) &* c2 }

    private static func scramble2(_ word: UInt64) -> UInt64 { rotate(word &* c2, 33) &* c1 }

    private static func rotate(_ word: UInt64, _ count: UInt64) -> UInt64 { word << count | word >> (64 - count) }

    private static func mix(_ value: UInt64) -> UInt64 {
        var value = value
        value = (value ^ (value >> 33)) &* 0xFF51_AFD7_ED55_8CCD
        value = (value ^ (value >> 33)) &* 0xC4CE_B9FE_1A85_EC53
        return value ^ (value >> 33)
    }
}
