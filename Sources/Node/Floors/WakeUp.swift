import Synchronization

/// Wakes a task that waits; what comes while it does not wait is not lost.
package final class WakeUp: Sendable {
    /// How often who waits looks.
    private static let period = Duration.milliseconds(250)

    private let given = Atomic<UInt64>(0)
    private let taken = Atomic<UInt64>(0)

    package init() {}

    package func wake() { given.add(1, ordering: .releasing) }

    /// Waits until somebody wakes, or the time is over, or the task is cancelled; for one task at a time.
    ///
    /// - Returns: Whether somebody did.
    package func wait(within time: Duration) async -> Bool {
        let end = ContinuousClock.now + time
        while true {
            let count = given.load(ordering: .acquiring)
            if taken.exchange(count, ordering: .relaxed) != count { return true }
            guard !Task.isCancelled, ContinuousClock.now < end else { return false }
            try? await Task.sleep(for: min(Self.period, end - .now))
        }
    }
}
