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
    /// Of requests that were under way in the second after a kill; one for each kill.
    private var aftermaths: [(killed: ContinuousClock.Instant, latency: LatencyHistogram)] = []
    /// How long after a kill is looked at by itself.
    package static let aftermathTime = Duration.seconds(1)

    package init() {}

    /// Nodes are killed now.
    package mutating func killed(at instant: ContinuousClock.Instant) {
        aftermaths.append((instant, LatencyHistogram()))
    }

    package mutating func succeeded(
        bytes: Int,
        isFresh: Bool,
        retries: Int,
        began: ContinuousClock.Instant,
        after duration: Duration
    ) {
        bytesVerified += bytes
        record(isFresh: isFresh, retries: retries, began: began, after: duration)
    }

    package mutating func failed(
        _ what: String,
        isFresh: Bool,
        retries: Int,
        began: ContinuousClock.Instant,
        after duration: Duration
    ) {
        failed += 1
        if examples.count < Self.examplesMax { examples.append(what) }
        record(isFresh: isFresh, retries: retries, began: began, after: duration)
    }

    private mutating func record(
        isFresh: Bool,
        retries: Int,
        began: ContinuousClock.Instant,
        after duration: Duration
    ) {
        requests += 1
        fresh += isFresh ? 1 : 0
        retried += retries
        window.record(duration)
        for index in aftermaths.indices {
            let killed = aftermaths[index].killed
            guard began < killed + Self.aftermathTime, began + duration > killed else { continue }
            aftermaths[index].latency.record(duration)
        }
    }

    /// What 99 % of the requests in the second after a kill took at most, for the worst kill; `nil` when there was none.
    package var p99AfterKill: Duration? { aftermaths.compactMap { $0.latency.percentile(99) }.max() }

    /// The latencies since the last call.
    package mutating func takeWindow() -> LatencyHistogram {
        defer { window = LatencyHistogram() }
        latency.merge(window)
        return window
    }
}
