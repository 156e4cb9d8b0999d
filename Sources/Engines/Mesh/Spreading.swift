import Core

/// Whom to tell about new records: the seam that a structured overlay (HyParView, Plumtree) takes later.
protocol Spreading: Sendable {
    /// The members that a record learned from `source` is passed on to; `nil` is this node itself.
    func targets(
        from source: NodeID?,
        alive: [NodeID],
        using rng: inout some RandomNumberGenerator
    ) -> [NodeID]
}

/// Plain random fan-out: everybody who hears something new tells `fanout` others, once; anti-entropy finds the rest.
///
/// With fan-out f a rumor misses a member with probability of about e^-f (Karp et al., "Randomized rumor spreading",
/// 2000). What this node itself says goes to all members at once while they are few.
struct RandomFanout: Spreading {
    let fanout: Int
    let directPushMax: Int

    func targets(
        from source: NodeID?,
        alive: [NodeID],
        using rng: inout some RandomNumberGenerator
    ) -> [NodeID] {
        let others = alive.filter { $0 != source }
        if source == nil, others.count <= directPushMax { return others }
        return Array(others.shuffled(using: &rng).prefix(fanout))
    }
}
