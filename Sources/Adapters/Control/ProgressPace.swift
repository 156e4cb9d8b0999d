import Synchronization

/// How often progress is passed on: at once when another phase begins, else after ``period``.
final class ProgressPace: Sendable {
    static let period = Duration.milliseconds(100)

    private let last = Mutex<(phase: String, time: ContinuousClock.Instant)?>(nil)

    func isDue(_ phase: String, now: ContinuousClock.Instant) -> Bool {
        last.withLock { last in
            if let last, last.phase == phase, now < last.time + Self.period { return false }
            last = (phase, now)
            return true
        }
    }
}
