import Core

/// Visits the places of a table once in each round, in a new order each time, without storing the order.
///
/// A place is put through a keyed Feistel network of four rounds on the smallest even number of bits that holds them
/// all, again until it lies inside (cycle walking). Source: Black and Rogaway, "Ciphers with arbitrary finite domains",
/// 2002. Chance is all that is wanted here, not secrecy. A table that shrinks or grows in a round starts a new one.
struct ProbeOrder: Sendable {
    private var key: UInt64 = 0
    private var count = 0
    private var visited = 0

    /// The next place in `0..<count`; `count` is positive.
    mutating func next(count: Int, using rng: inout some RandomNumberGenerator) -> Int {
        if count != self.count || visited >= count {
            key = rng.next()
            self.count = count
            visited = 0
        }
        defer { visited += 1 }
        let halfBits = max(1, (Int.bitWidth - (count - 1).leadingZeroBitCount + 1) / 2)
        var place = UInt64(visited)
        repeat { place = permuted(place, halfBits) } while place >= UInt64(count)
        return Int(place)
    }

    private func permuted(_ place: UInt64, _ halfBits: Int) -> UInt64 {
        let mask = (UInt64(1) << UInt64(halfBits)) - 1
        var (left, right) = (place >> UInt64(halfBits), place & mask)
        for round in UInt64(0)..<4 {
            var mixer = SplitMix64(seed: key ^ (round << 56) ^ right)
            (left, right) = (right, left ^ (mixer.next() & mask))
        }
        return left << UInt64(halfBits) | right
    }
}
