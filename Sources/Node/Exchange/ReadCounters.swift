import Objects
import Synchronization

/// How often other nodes read bytes from this one: blocks and pieces.
package final class ReadCounters: Sendable {
    private static let paths: Set<String> = ["/blocks", "/have", "/entity", PieceRead.path]

    private let served = Atomic<UInt64>(0)

    package init() {}

    /// Requests since the start.
    package var count: UInt64 { served.load(ordering: .relaxed) }

    func note(_ path: String) {
        if Self.paths.contains(path) { served.add(1, ordering: .relaxed) }
    }
}
