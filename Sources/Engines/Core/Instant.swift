/// A point in time, in whole milliseconds since 1970-01-01T00:00:00Z.
///
/// Engines receive instants as arguments and never read a clock.
public struct Instant: Hashable, Comparable, Sendable, CustomStringConvertible {
    public var milliseconds: Int64

    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// The earliest representable instant; compares below every other.
    public static let distantPast = Instant(milliseconds: .min)

    public static func < (lhs: Instant, rhs: Instant) -> Bool { lhs.milliseconds < rhs.milliseconds }

    /// Saturates at the ends of the range, so a hostile expiry cannot overflow.
    public static func + (lhs: Instant, rhs: Duration) -> Instant {
        let (sum, overflow) = lhs.milliseconds.addingReportingOverflow(rhs.wholeMilliseconds)
        guard overflow else { return Instant(milliseconds: sum) }
        return Instant(milliseconds: rhs.wholeMilliseconds < 0 ? .min : .max)
    }

    public static func - (lhs: Instant, rhs: Duration) -> Instant { lhs + (.zero - rhs) }

    /// The time from `rhs` to `lhs`; saturates.
    public static func - (lhs: Instant, rhs: Instant) -> Duration {
        let (difference, overflow) = lhs.milliseconds.subtractingReportingOverflow(rhs.milliseconds)
        guard overflow else { return .milliseconds(difference) }
        return .milliseconds(lhs < rhs ? Int64.min : Int64.max)
    }

    public var description: String { "\(milliseconds)ms" }
}

extension Duration {
    /// This duration in whole milliseconds, rounded towards zero; saturates.
    public var wholeMilliseconds: Int64 {
        guard self < .milliseconds(Int64.max) else { return .max }  // `components` traps beyond 64-bit seconds
        guard self > .milliseconds(Int64.min) else { return .min }
        let (seconds, attoseconds) = components
        return seconds * 1_000 + attoseconds / 1_000_000_000_000_000
    }
}
