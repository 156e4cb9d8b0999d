import Core
import NIOCore
import Namespace
import Objects
import Synchronization

/// The windows that a large object, or the files of a folder lie in: many small files share one, and it is fetched once.
///
/// What is read is known beforehand, so the next windows are fetched while files are written from the current one.
final class WindowCache: Sendable {
    /// Most windows in memory: about 28 MiB. With fewer than twice ``aheadMax`` those ahead would push each other out unread.
    static let windowsMax = 7
    /// Windows that are fetched ahead of the one that is read.
    static let aheadMax = 3

    private struct Key: Hashable {
        let segment: Digest
        let number: Int
    }

    private typealias Fetching = Task<ByteBuffer, any Error>

    private struct State {
        var fetching: [Int: Fetching] = [:]
        /// Windows in memory, the longest unused first.
        var order: [Int] = []
    }

    private let fetch: SegmentFetch
    /// Of each window what the objects need of it, in the order in which they are read.
    private let plan: [SegmentWindow]
    private let places: [Key: Int]
    private let state = Mutex(State())

    /// - Parameter windows: What will be read, in this order.
    init(of windows: [SegmentWindow], fetch: SegmentFetch) {
        self.fetch = fetch
        var plan: [SegmentWindow] = []
        var places: [Key: Int] = [:]
        for window in windows {
            let key = Key(segment: window.segment.id, number: window.number)
            if let place = places[key] {
                plan[place] = plan[place].joined(with: window) ?? plan[place]
            } else {
                places[key] = plan.count
                plan.append(window)
            }
        }
        self.plan = plan
        self.places = places
    }

    deinit {
        for task in state.withLock({ $0.fetching.values.map { $0 } }) { task.cancel() }
    }

    /// The bytes of a window of an object that was announced.
    ///
    /// - Throws: What fetching throws.
    func read(_ window: SegmentWindow) async throws -> ByteBuffer {
        guard let place = places[Key(segment: window.segment.id, number: window.number)],
            plan[place].range.contains(window.range.lowerBound), plan[place].range.upperBound >= window.range.upperBound
        else { return try await fetch.read(window.range, of: window.segment) }
        let start = window.range.lowerBound - plan[place].range.lowerBound
        do {
            let fetching = task(at: place)
            let bytes = try await withTaskCancellationHandler {
                try await fetching.value
            } onCancel: {
                fetching.cancel()
            }
            guard let slice = bytes.getSlice(at: bytes.readerIndex + start, length: window.range.count) else {
                throw NodeError(.corrupt, "a segment gave \(bytes.readableBytes) bytes of \(plan[place].range.count)")
            }
            return slice
        } catch {
            forget(place)
            throw error
        }
    }

    /// The fetch of a window, and those of the next ones, begun if they were not.
    private func task(at place: Int) -> Fetching {
        state.withLock { state in
            for next in ((place + 1)..<min(place + 1 + Self.aheadMax, max(plan.count, place + 1))).reversed() {
                if state.fetching[next] == nil { begin(next, &state) }
            }
            state.order.removeAll { $0 == place }
            let task = state.fetching[place] ?? begin(place, &state)
            state.order.removeAll { $0 == place }
            state.order.append(place)
            while state.order.count > Self.windowsMax {
                state.fetching.removeValue(forKey: state.order.removeFirst())?.cancel()
            }
            return task
        }
    }

    @discardableResult
    private func begin(_ place: Int, _ state: inout State) -> Fetching {
        let (fetch, window) = (fetch, plan[place])
        let task = Fetching { try await fetch.read(window.range, of: window.segment) }
        state.fetching[place] = task
        state.order.append(place)
        return task
    }

    private func forget(_ place: Int) {
        state.withLock { state in
            state.fetching.removeValue(forKey: place)?.cancel()
            state.order.removeAll { $0 == place }
        }
    }
}
