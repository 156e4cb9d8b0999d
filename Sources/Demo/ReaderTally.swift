/// What readers saw, for the table and for the report.
package struct ReaderTally: Sendable {
    /// Failures kept word by word.
    package static let examplesMax = 5

    package private(set) var requests = 0
    /// Times that another gateway was asked.
    package private(set) var retried = 0
    package private(set) var failed = 0
    /// Requests for content that the gateway had not served before.
    package private(set) var fresh = 0
    /// Bytes whose hash was right.
    package private(set) var bytesVerified = 0
    package private(set) var examples: [String] = []
    package private(set) var latency = LatencyHistogram()
    /// Since the last ``takeWindow()``.
    private var window = LatencyHistogram()

    package init() {}

    package mutating func succeeded(bytes: Int, isFresh: Bool, retries: Int, after duration: Duration) {
        requests += 1
        bytesVerified += bytes
        fresh += isFresh ? 1 : 0
        retried += retries
        window.record(duration)
    }

    package mutating func failed(
        _ what: String,
        isFresh: Bool,
        retries: Int,
        after duration: Duration
    ) {
        requests += 1
        failed += 1
        fresh += isFresh ? 1 : 0
        retried += retries
        window.record(duration)
        if examples.count < Self.examplesMax { examples.append(what) }
    }

    /// The latencies since the last call.
    package mutating func takeWindow() -> LatencyHistogram {
        defer { window = LatencyHistogram() }
        latency.merge(window)
        return window
    }
}
