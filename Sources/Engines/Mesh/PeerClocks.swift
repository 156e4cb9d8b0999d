import Core

/// What time it is by the median of authenticated peers, so that a node whose own clock is off still joins and judges well.
struct PeerClocks: Sendable {
    /// How far each peer's clock is ahead of ours, in milliseconds.
    private var offsets: [NodeID: Int64] = [:]
    private var order: [NodeID] = []
    /// The offsets and this node's own of zero, in order.
    private var sorted: [Int64] = [0]

    /// Largest difference that is believed, in milliseconds: a hundred years, so that sums and magnitudes of what peers
    /// say fit.
    private static let offsetMax: Int64 = 100 * 366 * 86_400_000

    mutating func record(_ clock: Instant, of node: NodeID, now: Instant) {
        let ahead = min(max((clock - now).wholeMilliseconds, -Self.offsetMax), Self.offsetMax)
        if let old = offsets.updateValue(ahead, forKey: node) {
            guard old != ahead else { return }
            forget(old)
        } else {
            order.append(node)
            if order.count > MeshLimits.clocksMax, let old = offsets.removeValue(forKey: order.removeFirst()) {
                forget(old)
            }
        }
        sorted.insert(ahead, at: position(of: ahead))
    }

    /// A node is not known any more, and its clock does not count.
    mutating func remove(_ node: NodeID) {
        guard let offset = offsets.removeValue(forKey: node) else { return }
        order.removeAll { $0 == node }
        forget(offset)
    }

    /// Peers that said what time it is.
    var count: Int { offsets.count }

    /// The median offset over the peers and this node itself; zero alone.
    var offset: Duration {
        .milliseconds(sorted.count % 2 == 1 ? sorted[sorted.count / 2] : lowerMiddle)
    }

    /// With an even count the middle that is nearer to our own clock, unless there is one peer only: then we believe it.
    private var lowerMiddle: Int64 {
        let middle = (sorted[sorted.count / 2 - 1], sorted[sorted.count / 2])
        if sorted.count == 2 { return offsets.values.first ?? 0 }
        return middle.0.magnitude < middle.1.magnitude ? middle.0 : middle.1
    }

    private mutating func forget(_ offset: Int64) {
        sorted.remove(at: position(of: offset))
    }

    /// The first place whose offset is not smaller.
    private func position(of offset: Int64) -> Int {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] < offset { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
