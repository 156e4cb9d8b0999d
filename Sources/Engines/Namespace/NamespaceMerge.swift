/// Merges sorted sequences of entries.
enum NamespaceMerge {
    /// All entries in the order of their names, of one name the highest stamp first.
    ///
    /// Sequences are merged in pairs, so each entry is looked at log₂(count) times. Each must be sorted by name, as parts are.
    static func merged(_ sequences: [[NamespaceEntry]]) -> [NamespaceEntry] {
        var round = sequences
        while round.count > 1 {
            var next: [[NamespaceEntry]] = []
            for start in stride(from: 0, to: round.count, by: 2) {
                next.append(start + 1 < round.count ? pair(round[start], round[start + 1]) : round[start])
            }
            round = next
        }
        return round.first ?? []
    }

    /// Runs `body` over the entries of each name in order; of a name the highest stamp comes first.
    static func forEachName(in entries: [NamespaceEntry], _ body: (ArraySlice<NamespaceEntry>) -> Void) {
        var start = 0
        while start < entries.count {
            var end = start + 1
            while end < entries.count, entries[end].name == entries[start].name { end += 1 }
            body(entries[start..<end])
            start = end
        }
    }

    private static func pair(_ left: [NamespaceEntry], _ right: [NamespaceEntry]) -> [NamespaceEntry] {
        var merged: [NamespaceEntry] = []
        merged.reserveCapacity(left.count + right.count)
        var (first, second) = (0, 0)
        while first < left.count, second < right.count {
            if precedes(right[second], left[first]) {
                merged.append(right[second])
                second += 1
            } else {
                merged.append(left[first])
                first += 1
            }
        }
        merged += left[first...]
        merged += right[second...]
        return merged
    }

    private static func precedes(_ lhs: NamespaceEntry, _ rhs: NamespaceEntry) -> Bool {
        if lhs.name < rhs.name { return true }
        return lhs.name == rhs.name && lhs.stamp > rhs.stamp
    }
}
