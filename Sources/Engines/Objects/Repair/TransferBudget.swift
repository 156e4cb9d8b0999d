import Core

/// A token bucket over bytes: what is moved may overdraw it once, and then nothing starts until it has recovered.
struct TransferBudget: Sendable {
    /// Bytes per second; 0 for no limit.
    private let rate: Int64
    private let burstMax: Int64
    /// Bytes times 1000, so that every millisecond adds a whole number.
    private var thousandths: Int64
    private var filledAt: Instant

    /// Rates above are cut to it, so that no product overflows.
    static let bytesPerSecondMax: UInt64 = 1 << 36
    private static let quietMax: Int64 = 86_400_000

    init(bytesPerSecond: UInt64, burstBytes: UInt64, now: Instant) {
        rate = Int64(min(bytesPerSecond, Self.bytesPerSecondMax))
        burstMax = Int64(min(burstBytes, 1 << 50)) * 1000
        thousandths = burstMax
        filledAt = now
    }

    /// When something may start: `now`, or as soon as the bucket is not overdrawn any more.
    mutating func ready(now: Instant) -> Instant {
        guard rate > 0 else { return now }
        let quiet = min(max((now - filledAt).wholeMilliseconds, 0), Self.quietMax)
        filledAt = max(filledAt, now)
        thousandths = min(thousandths + quiet * rate, burstMax)
        guard thousandths < 0 else { return now }
        return now + .milliseconds((-thousandths + rate - 1) / rate)
    }

    mutating func spend(_ byteCount: UInt64) {
        guard rate > 0 else { return }
        thousandths = max(thousandths - Int64(min(byteCount, 1 << 50)) * 1000, -(1 << 61))
    }
}
