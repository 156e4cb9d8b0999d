import Core
import Synchronization

/// Spreads what all rebuilds of this node move evenly over time: who is served meanwhile needs the disk and the network too.
/// Pieces that a node hands on when it leaves are not held back.
///
/// The engine decides when a rebuild may begin; this one decides when its next window does.
package final class RepairPace: Sendable {
    /// 0 for no limit.
    private let bytesPerSecond: UInt64
    private let nextStart = Mutex<ContinuousClock.Instant?>(nil)

    package init(bytesPerSecond: UInt64) {
        self.bytesPerSecond = bytesPerSecond
    }

    /// Takes the next place in the row for `byteCount` bytes.
    ///
    /// - Returns: When they may be moved; `nil` for at once.
    package func start(_ byteCount: Int, now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        guard bytesPerSecond > 0 else { return nil }
        return nextStart.withLock { next in
            let start = max(next ?? now, now)
            next = start + .moving(UInt64(byteCount), rate: bytesPerSecond)
            return start > now ? start : nil
        }
    }

    /// Waits until `byteCount` bytes may be moved.
    ///
    /// - Throws: `CancellationError`.
    func wait(_ byteCount: Int) async throws {
        guard let start = start(byteCount, now: .now) else { return }
        do {
            try await Task.sleep(until: start, clock: .continuous)
        } catch {
            giveBack(byteCount)
            throw error
        }
    }

    /// What was to be moved is not: who waits behind it is not helped, who comes later is.
    package func giveBack(_ byteCount: Int) {
        nextStart.withLock { $0? -= .moving(UInt64(byteCount), rate: bytesPerSecond) }
    }
}
