extension Duration {
    /// How long moving `byteCount` bytes may take at `rate` bytes a second, in whole milliseconds.
    ///
    /// Counts in thousands of bytes a second, at least one.
    public static func moving(_ byteCount: UInt64, rate: UInt64) -> Duration {
        .milliseconds(Int64(clamping: byteCount / Swift.max(rate / 1000, 1)))
    }

    /// The wait after `failures` failures in a row: `first`, and twice as long after each further one up to `max`.
    public static func backoff(failures: Int, first: Duration, max: Duration) -> Duration {
        var delay = first
        for _ in 1..<Swift.max(failures, 1) where delay < max { delay = delay * 2 }
        return Swift.min(delay, max)
    }
}
