/// An integer probability: `numerator` out of `denominator` (kept exact so that a simulation replays bit for bit).
public struct Ratio: Hashable, Sendable {
    public var numerator: UInt32
    public var denominator: UInt32

    public init(_ numerator: UInt32, in denominator: UInt32) {
        precondition(denominator > 0 && numerator <= denominator, "a ratio lies between 0 and 1")
        self.numerator = numerator
        self.denominator = denominator
    }

    public static let never = Ratio(0, in: 1)

    /// Whether an event of this probability happens, drawn from `rng`.
    public func occurs(using rng: inout some RandomNumberGenerator) -> Bool {
        UInt32.random(in: 0..<denominator, using: &rng) < numerator
    }
}
