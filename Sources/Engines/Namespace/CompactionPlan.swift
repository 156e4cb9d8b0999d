import Core

/// Which of a device's own parts to merge into one.
///
/// Size-tiered: the smallest parts are merged, and each larger one as long as it is no larger than all before it
/// together, so that every entry is rewritten about log₂(size of all) times. Since entries carry their stamps, any parts may
/// be merged, not only neighbours.
public struct CompactionPlan: Hashable, Sendable {
    /// Positions in the device's list of parts, ascending.
    public let merges: [Int]
    /// The level of the merged part.
    public let level: UInt8

    /// Most parts that are left alone.
    public static let partsMax = 8

    /// - Returns: `nil` while there are at most ``partsMax`` parts.
    public init?(_ parts: [PartReference]) {
        guard parts.count > Self.partsMax else { return nil }
        let bySize = parts.indices.sorted {
            (parts[$0].byteCount, $0) < (parts[$1].byteCount, $1)
        }
        // With half of what is allowed left over, the next parts can be appended without merging each time.
        let least = parts.count - Self.partsMax / 2
        var chosen: [Int] = []
        var sum: UInt64 = 0
        for index in bySize {
            guard chosen.count < least || parts[index].byteCount <= sum else { break }
            chosen.append(index)
            sum = sum.addingReportingOverflow(parts[index].byteCount).partialValue
        }
        merges = chosen.sorted()
        let highest = chosen.map { parts[$0].level }.max() ?? 0
        level = highest == .max ? .max : highest + 1
    }
}

/// Merges parts of one device without changing what anybody sees.
public enum Compaction {
    /// How long a removal, and an entry that another device's write hides, are kept at least: a device that was offline for
    /// less may still write, or show, something that they decide on.
    public static let retention: Duration = .seconds(90 * 86_400)

    /// The entries of the merged part, possibly none; a conflict is reported until one of its two writes is that old.
    ///
    /// Of each name the newest entry stays, except
    /// - a removal that is older than ``retention`` and hides nothing in `rest`, and
    /// - an entry hidden by one in `rest` that is older than ``retention``.
    ///
    /// - Parameters:
    ///   - parts: The entries of the parts that are merged, each sorted by name.
    ///   - rest: All other entries that count: of the device's other parts and of all other devices, each sorted by name.
    ///     All devices should have seen each other within the last ``retention`` / 2.
    public static func merge(
        _ parts: [[NamespaceEntry]],
        rest: [[NamespaceEntry]],
        now: Instant
    ) -> [NamespaceEntry] {
        let others = NamespaceMerge.merged(rest)
        let settled = now - retention
        var kept: [NamespaceEntry] = []
        var next = 0
        NamespaceMerge.forEachName(in: NamespaceMerge.merged(parts)) { versions in
            guard let newest = versions.first else { return }
            while next < others.count, others[next].name < newest.name { next += 1 }
            var end = next
            while end < others.count, others[end].name == newest.name { end += 1 }
            let elsewhere = others[next..<end]
            next = end
            if let top = elsewhere.first, top.stamp > newest.stamp, top.written <= settled { return }
            let hides = elsewhere.contains { $0.stamp < newest.stamp && !$0.isRemoved }
            if newest.isRemoved, newest.written <= settled, !hides { return }
            kept.append(newest)
        }
        return kept
    }
}
