/// A set of byte positions as sorted ranges that neither overlap nor touch.
package struct IntervalSet: Equatable, Sendable {
    package private(set) var ranges: [Range<Int>] = []

    package init() {}

    /// Index of the first range that ends at or after `position`.
    private func firstIndex(endingFrom position: Int) -> Int {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < position { low = middle + 1 } else { high = middle }
        }
        return low
    }

    package mutating func insert(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        let first = firstIndex(endingFrom: range.lowerBound)
        var last = first
        var merged = range
        while last < ranges.count, ranges[last].lowerBound <= range.upperBound {
            merged = min(merged.lowerBound, ranges[last].lowerBound)..<max(merged.upperBound, ranges[last].upperBound)
            last += 1
        }
        ranges.replaceSubrange(first..<last, with: CollectionOfOne(merged))
    }

    package mutating func remove(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        let first = firstIndex(endingFrom: range.lowerBound)
        var last = first
        var rest: [Range<Int>] = []
        while last < ranges.count, ranges[last].lowerBound < range.upperBound {
            let seen = ranges[last]
            if seen.lowerBound < range.lowerBound {
                rest.append(seen.lowerBound..<min(seen.upperBound, range.lowerBound))
            }
            if seen.upperBound > range.upperBound { rest.append(range.upperBound..<seen.upperBound) }
            last += 1
        }
        ranges.replaceSubrange(first..<last, with: rest)
    }

    /// Whether every position of `range` is in the set.
    package func contains(_ range: Range<Int>) -> Bool {
        guard !range.isEmpty else { return true }
        let index = firstIndex(endingFrom: range.lowerBound + 1)
        return index < ranges.count && ranges[index].lowerBound <= range.lowerBound
            && ranges[index].upperBound >= range.upperBound
    }

    /// Whether any position of `range` is in the set.
    package func overlaps(_ range: Range<Int>) -> Bool {
        guard !range.isEmpty else { return false }
        let index = firstIndex(endingFrom: range.lowerBound + 1)
        return index < ranges.count && ranges[index].lowerBound < range.upperBound
    }
}
