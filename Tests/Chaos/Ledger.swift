import Core
import Synchronization

/// What was acknowledged to whom, and what may have taken effect without.
final class Ledger: Sendable {
    /// What a name stands for; `nil` for nothing.
    typealias Content = Digest?

    struct Entry: Sendable {
        /// The node whose owner it belongs to.
        let owner: Int
        /// Acknowledged last, and when.
        var acknowledged: Content
        var acknowledgedAt: Duration
        /// Attempts since then that were not acknowledged: each may have taken effect.
        var possible: [Content] = []
        /// An attempt that was given up may take effect later.
        var hasOpenAttempt = false

        func allows(_ content: Content) -> Bool { content == acknowledged || possible.contains(content) }
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var acknowledgements = 0
        var refusals = 0
        var siteAcknowledged = 0
        var siteAttempted = 0
    }

    private let state = Mutex(State())

    // MARK: - Objects

    func attempt(_ content: Content, as name: String, owner: Int) {
        state.withLock { state in
            state.entries[name, default: Entry(owner: owner, acknowledged: nil, acknowledgedAt: .zero)].possible
                .append(content)
        }
    }

    func acknowledge(_ content: Content, as name: String, at elapsed: Duration) {
        state.withLock { state in
            state.acknowledgements += 1
            state.entries[name]?.acknowledged = content
            state.entries[name]?.acknowledgedAt = elapsed
            if state.entries[name]?.hasOpenAttempt == false { state.entries[name]?.possible = [] }
        }
    }

    /// - Parameter isOpen: whether nobody knows how it ended.
    func refuse(_ name: String, isOpen: Bool) {
        state.withLock { state in
            state.refusals += 1
            if isOpen { state.entries[name]?.hasOpenAttempt = true }
        }
    }

    /// Names of an owner that stand for something for sure, the oldest first.
    func stored(of owner: Int) -> [String] {
        state.withLock { state in
            let sure = state.entries.filter { _, entry in
                entry.owner == owner && entry.acknowledged != nil && entry.possible.isEmpty
            }
            return sure.sorted { ($0.value.acknowledgedAt, $0.key) < ($1.value.acknowledgedAt, $1.key) }.map(\.key)
        }
    }

    func entry(_ name: String) -> Entry? { state.withLock { $0.entries[name] } }
    var entries: [(name: String, entry: Entry)] {
        state.withLock { $0.entries.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
    }
    var acknowledgements: Int { state.withLock { $0.acknowledgements } }
    var refusals: Int { state.withLock { $0.refusals } }

    // MARK: - The site

    /// - Returns: the number of the version that is tried now.
    func attemptSite() -> Int {
        state.withLock { state in
            state.siteAttempted += 1
            return state.siteAttempted
        }
    }

    func acknowledgeSite(_ version: Int) { state.withLock { $0.siteAcknowledged = max($0.siteAcknowledged, version) } }

    /// Versions that a gateway may serve.
    var siteVersions: ClosedRange<Int> {
        state.withLock { $0.siteAcknowledged...max($0.siteAcknowledged, $0.siteAttempted) }
    }
}
