import Synchronization

/// What a gateway has done since it started.
public struct GatewayCounters: Hashable, Sendable {
    /// Requests answered, whatever the answer.
    public var requests: UInt64 = 0
    /// Requests answered from an event loop's memory.
    public var hits: UInt64 = 0
    /// Bytes of heads and bodies given to the network.
    public var bytes: UInt64 = 0
    /// Answers by status code.
    public var statuses: [Int: UInt64] = [:]
    /// Answers that were broken off by a reset, because the rest of the body could not be had or was not taken.
    public var resets: UInt64 = 0
    /// Connections that were turned away because the gateway had its most.
    public var connectionsRefused: UInt64 = 0
    /// Connections that are open now.
    public var connections: Int = 0

    public init() {}

    static func + (lhs: Self, rhs: Self) -> Self {
        var sum = lhs
        sum.requests += rhs.requests
        sum.hits += rhs.hits
        sum.bytes += rhs.bytes
        sum.statuses.merge(rhs.statuses, uniquingKeysWith: +)
        sum.resets += rhs.resets
        sum.connectionsRefused += rhs.connectionsRefused
        sum.connections += rhs.connections
        return sum
    }
}

/// One event loop's part of the counters; written by that loop alone, read by anyone.
final class LoopCounters: Sendable {
    private let hits = Atomic<UInt64>(0)
    private let bytes = Atomic<UInt64>(0)
    private let rest = Mutex(GatewayCounters())

    /// A request was answered from memory with 200.
    @inline(__always)
    func countHit() {
        // The loop is the only writer, so a plain load and store lose nothing.
        hits.store(hits.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
    }

    @inline(__always)
    func countBytes(_ count: Int) {
        bytes.store(bytes.load(ordering: .relaxed) &+ UInt64(count), ordering: .relaxed)
    }

    func countAnswer(_ status: Int) {
        rest.withLock { counters in
            counters.requests += 1
            counters.statuses[status, default: 0] += 1
        }
    }

    func countReset() {
        rest.withLock { $0.resets += 1 }
    }

    func countConnectionRefused() {
        rest.withLock { $0.connectionsRefused += 1 }
    }

    func countConnections(_ change: Int) {
        rest.withLock { $0.connections += change }
    }

    var snapshot: GatewayCounters {
        var counters = rest.withLock { $0 }
        let hits = hits.load(ordering: .relaxed)
        counters.hits = hits
        counters.requests += hits
        counters.bytes = bytes.load(ordering: .relaxed)
        if hits > 0 { counters.statuses[200, default: 0] += hits }
        return counters
    }
}
