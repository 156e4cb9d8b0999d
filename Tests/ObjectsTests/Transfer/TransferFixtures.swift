import Core
import Objects

/// The node whose key bytes are all this number.
func transferNode(_ number: Int) throws -> NodeID {
    try NodeID([UInt8](repeating: UInt8(number), count: NodeID.byteCount))
}

func transferNodes(_ numbers: Range<Int>) throws -> [NodeID] { try numbers.map(transferNode) }

/// Milliseconds of made-up time.
func transferTime(_ milliseconds: Int64) -> Instant { Instant(milliseconds: milliseconds) }

/// Events by time, in the order in which they were added.
struct TransferAgenda<Event> {
    private var entries: [(time: Instant, event: Event)] = []

    mutating func add(_ event: Event, at time: Instant) {
        let index = entries.lastIndex { $0.time <= time }.map { $0 + 1 } ?? 0
        entries.insert((time, event), at: index)
    }

    mutating func next() -> (time: Instant, event: Event)? { entries.isEmpty ? nil : entries.removeFirst() }
}
