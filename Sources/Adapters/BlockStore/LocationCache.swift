import Core
import Synchronization

/// Where blocks lie, remembered for the ones that were asked for lately.
///
/// Two generations: when the young one is full it becomes the old one, so the memory is bounded and what is in use
/// stays.
final class LocationCache: Sendable {
    /// Entries of one generation; about 100 bytes each.
    static let entriesMax = 16_384

    struct Location: Hashable, Sendable {
        var volume: Int64
        var offset: Int64
        var length: Int
        /// When a cached block was last used, 0 for a pinned one.
        var used: Int64

        init(_ row: BlockRow) {
            volume = row.volume
            offset = row.offset
            length = row.length
            used = row.refs > 0 ? 0 : row.used
        }

        var isInVolume: Bool { volume > 0 }
        var range: Range<Int> { Int(offset)..<Int(offset) + length }
    }

    private struct State {
        var young: [BlockKey: Location] = [:]
        var old: [BlockKey: Location] = [:]
        /// Grows with each removal: who looked something up before must not store it after.
        var removals: UInt64 = 0
    }

    private let state = Mutex(State())

    func location(_ key: BlockKey) -> (location: Location?, removals: UInt64) {
        state.withLock { state in
            if let found = state.young[key] { return (found, state.removals) }
            guard let found = state.old[key] else { return (nil, state.removals) }
            Self.insert(key, found, into: &state)
            return (found, state.removals)
        }
    }

    /// - Parameter removals: what ``location(_:)`` returned before the index was asked.
    func insert(_ key: BlockKey, _ location: Location, unlessRemovedSince removals: UInt64) {
        state.withLock { state in
            guard state.removals == removals else { return }
            Self.insert(key, location, into: &state)
        }
    }

    private static func insert(_ key: BlockKey, _ location: Location, into state: inout State) {
        if state.young.count >= entriesMax {
            state.old = state.young
            state.young = [:]
        }
        state.young[key] = location
    }

    func remove(_ keys: [BlockKey]) {
        guard !keys.isEmpty else { return }
        state.withLock { state in
            state.removals += 1
            for key in keys {
                state.young[key] = nil
                state.old[key] = nil
            }
        }
    }
}
