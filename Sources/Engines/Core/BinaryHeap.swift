/// A priority queue whose first element is the smallest; O(log n) to add and to take.
package struct BinaryHeap<Element: Comparable & Sendable>: Sendable {
    private var items: [Element] = []

    package init() {}

    package var count: Int { items.count }
    package var first: Element? { items.first }

    package mutating func insert(_ element: Element) {
        items.append(element)
        var child = items.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard items[child] < items[parent] else { return }
            items.swapAt(child, parent)
            child = parent
        }
    }

    /// Drops every element that is not wanted any more; O(n log n).
    package mutating func keep(where isWanted: (Element) -> Bool) {
        items = items.filter(isWanted).sorted()  // a sorted array is a heap
    }

    package mutating func popFirst() -> Element? {
        guard let smallest = items.first else { return nil }
        let last = items.removeLast()
        guard !items.isEmpty else { return smallest }
        items[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < items.count && items[child] < items[least] {
                least = child
            }
            guard least != parent else { return smallest }
            items.swapAt(parent, least)
            parent = least
        }
    }
}

/// The next instant at which each key needs attention: at most one per key, the earliest asked for.
package struct DeadlineQueue<Key: Hashable & Sendable>: Sendable {
    private struct Entry: Comparable, Sendable {
        let at: Instant
        /// Order of entry, so that equal instants come out as they went in.
        let serial: UInt64
        let key: Key

        static func < (lhs: Entry, rhs: Entry) -> Bool { (lhs.at, lhs.serial) < (rhs.at, rhs.serial) }
        static func == (lhs: Entry, rhs: Entry) -> Bool { lhs.serial == rhs.serial }
    }

    private var heap = BinaryHeap<Entry>()
    private var due: [Key: (at: Instant, serial: UInt64)] = [:]
    private var serial: UInt64 = 0

    package init() {}

    /// When the first key is due, or earlier.
    package var next: Instant? { heap.first?.at }

    /// Entries in memory, those that an earlier deadline replaced included.
    package var entryCount: Int { heap.count }

    /// Makes `key` due at `at`, unless it is due earlier already; O(log n) on average.
    package mutating func set(_ key: Key, at: Instant) {
        if let seen = due[key], seen.at <= at { return }
        serial += 1
        due[key] = (at, serial)
        heap.insert(Entry(at: at, serial: serial, key: key))
        if heap.count > 2 * due.count + 64 { heap.keep { due[$0.key]?.serial == $0.serial } }
    }

    /// The first key that is due at `now`; it is then no longer in the queue.
    package mutating func popDue(at now: Instant) -> Key? {
        while let entry = heap.first, entry.at <= now {
            _ = heap.popFirst()
            guard due[entry.key]?.serial == entry.serial else { continue }  // replaced by an earlier one
            due[entry.key] = nil
            return entry.key
        }
        return nil
    }
}
