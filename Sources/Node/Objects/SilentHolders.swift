import Core
import Synchronization

/// Holders that did not answer in time, for a while; gossip takes seconds longer to find them.
final class SilentHolders: Sendable {
    /// A question that is older when it is not needed any more counts as unanswered.
    static let patience = Duration.milliseconds(500)
    /// How long a holder is asked after the others.
    static let memoryTime = Duration.seconds(30)
    /// Most holders remembered.
    static let holdersMax = 1_024

    private let until = Mutex<[NodeID: ContinuousClock.Instant]>([:])

    /// Those that were silent a moment ago.
    func current(now: ContinuousClock.Instant) -> Set<NodeID> {
        until.withLock { until in
            until = until.filter { $0.value > now }
            return Set(until.keys)
        }
    }

    /// It is over, and these had not answered since they were asked.
    func note(unanswered asked: [(node: NodeID, since: ContinuousClock.Instant)], now: ContinuousClock.Instant) {
        let late = asked.filter { $0.since + Self.patience <= now }.map(\.node)
        guard !late.isEmpty else { return }
        until.withLock { until in
            for node in late where until.count < Self.holdersMax || until[node] != nil {
                until[node] = now + Self.memoryTime
            }
        }
    }

    func note(answered node: NodeID) {
        until.withLock { _ = $0.removeValue(forKey: node) }
    }
}
