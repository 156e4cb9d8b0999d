import Synchronization

/// What of the lent space is used, and what running imports may still take.
final class Budget: Sendable {
    private struct State {
        var committed: Accounting
        var reserved: Int64 = 0
        var reservedCache: Int64 = 0
        /// What others use of the same space.
        var usedElsewhere: Int64 = 0
        /// Dead bytes are given back soon, unless the file system cannot do that.
        var countsDead = false

        var used: Int64 { committed.total - (countsDead ? 0 : committed.dead) + reserved + usedElsewhere }
    }

    private let storageBytesMax: Int64
    private let cacheBytesMax: Int64
    private let state: Mutex<State>

    init(_ committed: Accounting, storageBytesMax: Int64, cacheBytesMax: Int64) {
        self.storageBytesMax = storageBytesMax
        self.cacheBytesMax = cacheBytesMax
        state = Mutex(State(committed: committed))
    }

    var committed: Accounting { state.withLock { $0.committed } }

    func commit(_ accounting: Accounting) {
        state.withLock { $0.committed = accounting }
    }

    func setUsedElsewhere(_ bytes: Int64) {
        state.withLock { $0.usedElsewhere = bytes }
    }

    /// From now on dead bytes count as used.
    func countDead() {
        state.withLock { $0.countsDead = true }
    }

    /// Sets `bytes` apart for an import.
    ///
    /// - Returns: How many bytes are missing; 0 when they were set apart.
    func reserve(_ bytes: Int64, cache: Bool) -> Int64 {
        state.withLock { state in
            var missing = state.used + bytes - storageBytesMax
            if cache { missing = max(missing, state.committed.cached + state.reservedCache + bytes - cacheBytesMax) }
            guard missing <= 0 else { return missing }
            state.reserved += bytes
            if cache { state.reservedCache += bytes }
            return 0
        }
    }

    func giveBack(_ bytes: Int64, cache: Bool) {
        state.withLock { state in
            state.reserved -= bytes
            if cache { state.reservedCache -= bytes }
        }
    }

    /// How many cached bytes have to go for the limits to hold.
    var excess: Int64 {
        state.withLock { state in
            max(0, state.committed.cached - cacheBytesMax, state.used - storageBytesMax)
        }
    }

    func sentence(_ bytes: Int64, cache: Bool) -> String {
        let used = state.withLock { ($0.used, $0.committed.cached + $0.reservedCache) }
        return cache
            ? "\(bytes) more bytes do not fit the cache of \(cacheBytesMax) bytes, \(used.1) are used"
            : "\(bytes) more bytes do not fit the \(storageBytesMax) bytes lent, \(used.0) are used; "
                + "lend more with --storage or unpublish something"
    }
}
