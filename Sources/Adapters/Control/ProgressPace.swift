import Synchronization

/// How often progress is passed on: at once when another phase begins or one is complete, else after ``period``.
final class ProgressPace: Sendable {
    static let period = Duration.milliseconds(100)

    private struct Passed {
        let step: OperationProgress
        let time: ContinuousClock.Instant
    }

    private let last = Mutex<Passed?>(nil)

    func isDue(_ step: OperationProgress, now: ContinuousClock.Instant) -> Bool {
        last.withLock { last in
            if let last, now < last.time + Self.period {
                let isSame = last.step.phase == step.phase && last.step.unit == step.unit
                // What is complete each time, because its total is not known, is paced like the rest.
                let completes = step.done == step.total && last.step.done != last.step.total
                guard !isSame || completes else { return false }
            }
            last = Passed(step: step, time: now)
            return true
        }
    }
}
