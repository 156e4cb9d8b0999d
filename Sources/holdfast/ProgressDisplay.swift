import Control
import Synchronization

/// Redraws one line on a terminal while an operation runs; stays silent in a pipe.
final class ProgressDisplay: Sendable {
    private struct State {
        var line = ProgressLine()
        var drawn: ContinuousClock.Instant?
    }

    private static let redrawInterval = Duration.milliseconds(100)
    private static let columnsMax = 79

    private let state = Mutex(State())
    private let isInteractive = Terminal.isInteractive
    private let start = ContinuousClock.now

    func show(_ progress: OperationProgress) {
        guard isInteractive else { return }
        let now = ContinuousClock.now
        state.withLock { state in
            let text = state.line.text(progress, at: now - start)
            if let drawn = state.drawn, now - drawn < Self.redrawInterval { return }
            state.drawn = now
            Terminal.draw("\r\u{1B}[K" + ObjectNames.printable(String(text.prefix(Self.columnsMax))))
        }
    }

    /// Leaves the terminal as it was.
    func clear() {
        state.withLock { state in
            if state.drawn != nil { Terminal.draw("\r\u{1B}[K") }
            state.drawn = nil
        }
    }
}
