import Core

/// Plain random fan-out: everybody who hears something new tells `fanout` others, once; anti-entropy finds the rest.
///
/// With fan-out f a rumor misses a member with probability of about e^-f (Karp et al., "Randomized rumor spreading",
/// 2000). What this node itself says goes to all members at once while they are few.
struct RandomFanout: Sendable {
    let fanout: Int
    let directPushMax: Int

    /// The members that a record learned from `source` is passed on to; `nil` is this node itself.
    func targets(
        from source: NodeID?,
        members: MemberTable,
        using rng: inout some RandomNumberGenerator
    ) -> [NodeID] {
        let wanted = source == nil && members.aliveCount <= directPushMax ? members.aliveCount : fanout
        return members.random(wanted, using: &rng) { $0 != source && $1.status == .alive }
    }
}
