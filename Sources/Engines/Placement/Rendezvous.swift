import Core

/// What is being placed: the salt of its rendezvous, made once from bytes of any length.
public struct PlacementKey: Hashable, Sendable {
    let first: UInt64
    let second: UInt64

    /// - Parameter salt: for a site its publisher's key, so that all versions lie on the same nodes.
    public init(_ salt: [UInt8]) {
        let digest = Digest(hashing: salt).bytes
        first = digest[0..<8].reduce(0) { $0 << 8 | UInt64($1) }
        second = digest[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// A node's place in every rendezvous, to be computed once and kept.
    public static func hash(of node: NodeID) -> UInt64 { PlacementKey(node.bytes).first }

    /// A node's place in the rendezvous of this key, without weights: the smaller comes first.
    ///
    /// - Parameter nodeHash: As ``hash(of:)`` gives it. Equal places are as good as impossible; break them by node.
    public func rank(_ nodeHash: UInt64) -> UInt64 { Rendezvous.mix(Rendezvous.mix(nodeHash ^ first) &+ second) }

    /// How far this node is from the key before weighting: `-log2(u)` for a uniform `u` in (0, 1], in units of 2^-48.
    func distance(to nodeHash: UInt64) -> UInt64 {
        let hash = Rendezvous.mix(Rendezvous.mix(nodeHash ^ first) &+ second)
        return hash == .max ? 0 : (64 << Log2.fractionBits) - Log2.of(hash + 1)
    }
}

/// Weighted rendezvous hashing by the logarithmic method: the smallest `-ln(u) / weight` wins.
///
/// A node then wins with probability weight / total weight, and when one joins or leaves, only what it wins or held
/// moves. Integers alone, so that every machine computes the same: `-log2(u)` is a table of 4,096 steps with linear
/// interpolation (relative error below 10⁻⁴ for the winner among 10,000 nodes), quotients are compared by
/// cross-multiplication in 128 bits. The hash of a pair mixes two SHA-256 prefixes with the SplitMix64 finalizer.
/// Sources: Thaler and Ravishankar 1998 (rendezvous); Schindelhauer and Schomaker, "Weighted distributed hash tables",
/// SPAA 2005 (logarithmic method); Ceph CRUSH `straw2` (the same in fixed point).
enum Rendezvous {
    /// The SplitMix64 finalizer: a bijection that changes half of the bits when one changes.
    static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value &+ 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Whether `distance / weight` is smaller on the left.
    static func precedes(
        _ lhs: (distance: UInt64, weight: UInt64),
        _ rhs: (distance: UInt64, weight: UInt64)
    ) -> Bool? {
        let left = lhs.distance.multipliedFullWidth(by: max(rhs.weight, 1))
        let right = rhs.distance.multipliedFullWidth(by: max(lhs.weight, 1))
        if left.high != right.high { return left.high < right.high }
        if left.low != right.low { return left.low < right.low }
        return nil
    }
}

/// Binary logarithms in fixed point.
enum Log2 {
    /// Bits after the point in a result.
    static let fractionBits: UInt64 = 48
    private static let indexBits: UInt64 = 12

    /// `log2(1 + i / 4096)` for i in 0...4096.
    private static let table: [UInt64] = (0...(1 << indexBits)).map { index in
        index == 1 << indexBits ? 1 << fractionBits : fraction(1 << 63 | index << (63 - indexBits))
    }

    /// `log2(value)`; `value` is at least 1.
    static func of(_ value: UInt64) -> UInt64 {
        let zeros = UInt64(value.leadingZeroBitCount)
        let normal = value << zeros
        let index = Int(normal >> (63 - indexBits)) & ((1 << Int(indexBits)) - 1)
        let rest = (normal >> (39 - indexBits)) & 0xFF_FFFF  // the next 24 bits
        let low = table[index]
        return (63 - zeros) << fractionBits + low + ((table[index + 1] - low) * rest) >> 24
    }

    /// The logarithm of a number in [1, 2), given with 63 bits after the point: each squaring yields one bit.
    private static func fraction(_ number: UInt64) -> UInt64 {
        var number = number
        var result: UInt64 = 0
        for _ in 0..<fractionBits {
            let square = number.multipliedFullWidth(by: number).high
            let isTwoOrMore = square >> 63 == 1
            result = result << 1 | (isTwoOrMore ? 1 : 0)
            number = isTwoOrMore ? square : square << 1
        }
        return result
    }
}
