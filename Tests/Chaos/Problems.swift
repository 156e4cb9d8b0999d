import Foundation
import Synchronization

/// What went wrong, in the order in which it was seen.
final class Problems: Sendable {
    /// More are only counted.
    private static let keptMax = 200

    private struct State {
        var list: [String] = []
        var count = 0
    }

    private let state = Mutex(State())

    func add(_ problem: String) {
        tell("PROBLEM: \(problem)")
        state.withLock { state in
            state.count += 1
            if state.list.count < Self.keptMax { state.list.append(problem) }
        }
    }

    var list: [String] { state.withLock { $0.list } }
    var count: Int { state.withLock { $0.count } }
}

/// Writes a line at once, also where standard output is a file.
func tell(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
}
