import Owners

/// Two devices wrote one name without knowing of each other.
public struct NamespaceConflict: Hashable, Sendable {
    /// What the name shows.
    public let winner: NamespaceEntry
    /// What it hides, of another device.
    public let loser: NamespaceEntry

    public var name: ObjectName { winner.name }

    public init(winner: NamespaceEntry, loser: NamespaceEntry) {
        self.winner = winner
        self.loser = loser
    }
}

/// What an owner's namespace holds now: of each name the entry with the highest stamp, removals hidden.
public struct NamespaceView: Hashable, Sendable {
    /// By name, each once.
    public let entries: [NamespaceEntry]
    /// By name, then by the loser's device.
    ///
    /// The losers are what another device last said of the name, had it seen by its stamp's counter neither the winner, nor
    /// the winner it. Equal contents are no conflict.
    public let conflicts: [NamespaceConflict]

    /// Merges sequences that are each sorted by name: the entries of all parts of all devices, in any order.
    public init(merging sequences: [[NamespaceEntry]]) {
        var entries: [NamespaceEntry] = []
        var conflicts: [NamespaceConflict] = []
        NamespaceMerge.forEachName(in: NamespaceMerge.merged(sequences)) { versions in
            guard let winner = versions.first else { return }
            if !winner.isRemoved { entries.append(winner) }
            var devices: Set<DeviceID> = [winner.stamp.device]
            let losers = versions.filter { devices.insert($0.stamp.device).inserted && winner.conflicts(with: $0) }
            for loser in losers.sorted(by: { $0.stamp.device < $1.stamp.device }) {
                conflicts.append(NamespaceConflict(winner: winner, loser: loser))
            }
        }
        self.entries = entries
        self.conflicts = conflicts
    }

    /// The entry of a name.
    public func lookup(_ name: ObjectName) -> NamespaceEntry? {
        let index = start(of: Array(name.text.utf8))
        return index < entries.count && entries[index].name == name ? entries[index] : nil
    }

    /// All entries whose name starts with the bytes of `prefix`, by name; "" gives all.
    public func list(prefix: String) -> ArraySlice<NamespaceEntry> {
        let bytes = Array(prefix.utf8)
        let first = start(of: bytes)
        guard let after = Self.successor(of: bytes) else { return entries[first...] }
        return entries[first..<max(first, start(of: after))]
    }

    /// The first entry whose name is not before `bytes`.
    func start(of bytes: [UInt8]) -> Int {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].name.text.utf8.lexicographicallyPrecedes(bytes) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }

    /// The least bytes that come after everything that starts with `prefix`; `nil` if nothing does.
    static func successor(of prefix: [UInt8]) -> [UInt8]? {
        var bytes = prefix
        while let last = bytes.popLast() {
            if last < .max { return bytes + [last + 1] }
        }
        return nil
    }
}

extension NamespaceEntry {
    /// Whether this entry, which wins, was written without knowing of `loser`, and says something else.
    ///
    /// The loser cannot have known of the winner, whose counter would then be lower.
    func conflicts(with loser: NamespaceEntry) -> Bool {
        base < loser.stamp.counter && content != loser.content
    }
}
