/// Segments to be looked at, first come first served.
struct MarkedQueue: Sendable {
    private var slots: [SegmentIndex.Slot] = []
    private var next = 0

    var isEmpty: Bool { next == slots.count }

    mutating func append(_ slot: SegmentIndex.Slot) { slots.append(slot) }

    mutating func popFirst() -> SegmentIndex.Slot? {
        guard next < slots.count else { return nil }
        defer {
            next += 1
            if next == slots.count {
                slots.removeAll(keepingCapacity: slots.count <= 4096)
                next = 0
            }
        }
        return slots[next]
    }
}
