import Core

/// What time it is by the median of authenticated peers, so that a node whose own clock is off still joins and judges well.
struct PeerClocks: Sendable {
    /// How far each peer's clock is ahead of ours, in milliseconds.
    private var offsets: [NodeID: Int64] = [:]
    private var order: [NodeID] = []

    /// Largest difference that is believed, in milliseconds: a hundred years, so that sums and magnitudes of what peers
    /// say fit.
    private static let offsetMax: Int64 = 100 * 366 * 86_400_000

    mutating func record(_ clock: Instant, of node: NodeID, now: Instant) {
        let ahead = (clock - now).wholeMilliseconds
        if offsets.updateValue(min(max(ahead, -Self.offsetMax), Self.offsetMax), forKey: node) == nil {
            order.append(node)
            if order.count > MeshLimits.clocksMax { offsets[order.removeFirst()] = nil }
        }
    }

    /// Peers that said what time it is.
    var count: Int { offsets.count }

    /// The median offset over the peers and this node itself; zero alone.
    var offset: Duration {
        let sorted = (Array(offsets.values) + [0]).sorted()
        return .milliseconds(sorted.count % 2 == 1 ? sorted[sorted.count / 2] : lowerMiddle(sorted))
    }

    /// With an even count the middle that is nearer to our own clock, unless there is one peer only: then we believe it.
    private func lowerMiddle(_ sorted: [Int64]) -> Int64 {
        let middle = (sorted[sorted.count / 2 - 1], sorted[sorted.count / 2])
        if sorted.count == 2 { return offsets.values.first ?? 0 }
        return abs(middle.0) < abs(middle.1) ? middle.0 : middle.1
    }
}
