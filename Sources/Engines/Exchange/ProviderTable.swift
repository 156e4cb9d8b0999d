import Core

/// What this node saw of the nodes that it fetches from: how fast they answer, and whether they failed or lied.
///
/// A pure value: the fetcher reports outcomes and asks for an order. Nobody's claims enter here.
public struct ProviderTable: Sendable {
    /// A provider that sent bytes that do not match their CID comes last for this long.
    public static let wrongBytesEjection = Duration.seconds(600)
    /// First pause after a failure; doubles with each further one.
    public static let failurePauseMin = Duration.milliseconds(500)
    public static let failurePauseMax = Duration.seconds(30)
    /// Most providers remembered; beyond it the one heard of longest ago is forgotten.
    public static let providersMax = 10_000

    /// How long to wait for the first byte before another provider is asked too.
    public static let hedgeDelayMin = Duration.milliseconds(50)
    public static let hedgeDelayMax = Duration.milliseconds(500)

    private struct Record {
        /// Smoothed time to first byte, in microseconds (gain 1/8, as RFC 6298 smooths round trips).
        var firstByteMicroseconds: Int64?
        var failures = 0
        var pausedUntil = Instant.distantPast
        var lastHeard: Instant
    }

    private var records: [NodeID: Record] = [:]
    /// How often bytes did not match their CID.
    public private(set) var wrongBytesCount: UInt64 = 0

    public init() {}

    public mutating func recordAnswer(from node: NodeID, firstByteAfter delay: Duration, now: Instant) {
        update(node, now: now) { record in
            let sample = max(1, delay.wholeMilliseconds * 1_000)
            let smoothed = record.firstByteMicroseconds.map { $0 + (sample - $0) / 8 } ?? sample
            record.firstByteMicroseconds = smoothed
            record.failures = 0
            record.pausedUntil = .distantPast
        }
    }

    public mutating func recordFailure(of node: NodeID, now: Instant) {
        update(node, now: now) { record in
            let pause = Self.failurePauseMin * (1 << min(record.failures, 6))
            record.failures += 1
            record.pausedUntil = now + min(pause, Self.failurePauseMax)
        }
    }

    public mutating func recordWrongBytes(from node: NodeID, now: Instant) {
        wrongBytesCount += 1
        update(node, now: now) { record in
            record.failures += 1
            record.pausedUntil = now + Self.wrongBytesEjection
        }
    }

    /// `candidates` in the order in which they should be asked: fast ones first, those that failed lately last.
    ///
    /// Providers never asked before come between the known fast and the known slow ones, in an order drawn from `rng`, so
    /// that load spreads. Nobody is left out: where all failed, the last resort is still asked.
    public func order(
        _ candidates: [NodeID],
        now: Instant,
        using rng: inout some RandomNumberGenerator
    ) -> [NodeID] {
        let shuffled = Array(Set(candidates)).sorted().shuffled(using: &rng)
        let known = shuffled.compactMap { records[$0]?.firstByteMicroseconds }.sorted()
        let median = known.isEmpty ? 0 : known[known.count / 2]
        let ranked = shuffled.enumerated().map { position, node in
            let record = records[node]
            let paused = (record?.pausedUntil ?? .distantPast) > now
            return (node, (paused ? 1 : 0, record?.firstByteMicroseconds ?? median, position))
        }
        return ranked.sorted { $0.1 < $1.1 }.map(\.0)
    }

    /// How long to wait for a first byte from `node` before the next provider is asked as well.
    public func hedgeDelay(for node: NodeID) -> Duration {
        guard let smoothed = records[node]?.firstByteMicroseconds else { return Self.hedgeDelayMax / 2 }
        return min(max(.microseconds(smoothed * 4), Self.hedgeDelayMin), Self.hedgeDelayMax)
    }

    private mutating func update(_ node: NodeID, now: Instant, _ change: (inout Record) -> Void) {
        if records[node] == nil, records.count >= Self.providersMax {
            let oldest = records.min { ($0.value.lastHeard, $0.key) < ($1.value.lastHeard, $1.key) }
            if let oldest { records[oldest.key] = nil }
        }
        var record = records[node] ?? Record(lastHeard: now)
        change(&record)
        record.lastHeard = now
        records[node] = record
    }
}
