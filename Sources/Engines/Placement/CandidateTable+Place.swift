import Core

extension CandidateTable {
    /// Most copies or reserves that one call chooses; more are cut to it.
    public static let countMax = 256

    /// Proposes where the copies of `key` shall lie.
    ///
    /// Different operators are a hard rule: too few operators give fewer copies, and the report says so. Beyond that
    /// copies are spread as evenly as the candidates allow over jurisdictions, hosting providers and observed networks
    /// (least sum of squares, by greedy choice and single exchanges), and by rendezvous order among equals.
    ///
    /// - Parameters:
    ///   - count: Copies wanted.
    ///   - firstly: Holders that keep their copy before all others, such as the publisher's own node.
    ///   - keeping: Holders that keep theirs, one per operator, as far as `count` allows; unknown nodes are ignored.
    ///   - adding: Whether new holders are chosen when the kept ones are fewer than `count`.
    ///   - reserves: How many stand-ins to name besides.
    ///   - weightMin: A new holder lends at least this many bytes.
    ///   - excluding: Nodes that are not chosen anew.
    /// - Complexity: O(candidates · (count + reserves)).
    public func place(
        _ key: PlacementKey,
        count: Int,
        firstly: [NodeID] = [],
        keeping: [NodeID] = [],
        adding: Bool = true,
        reserves: Int = 0,
        weightMin: UInt64 = 1,
        excluding: Set<NodeID> = []
    ) -> Placement {
        let count = min(max(count, 0), Self.countMax)
        var draw = PlacementDraw(self, key: key)
        for tier in [firstly, keeping] {
            let holders = tier.compactMap { rowOf[$0] }
            while draw.chosen.count < count, let row = draw.best(among: holders) { draw.choose(row) }
        }
        let kept = draw.chosen
        draw.keep()
        if adding {
            let excluded = Set(excluding.compactMap { rowOf[$0] })
            let floor = max(weightMin, 1)
            let eligible = rows.indices.filter { rows[$0].weight >= floor && !excluded.contains($0) }
            while draw.chosen.count < count, let row = draw.best(among: eligible) { draw.choose(row) }
            draw.improve(among: eligible, keeping: kept.count)
            draw.drawReserves(min(max(reserves, 0), Self.countMax), among: eligible)
        }
        return Placement(
            kept: kept.map { rows[$0].node },
            added: draw.chosen.dropFirst(kept.count).map { rows[$0].node },
            reserves: draw.reserves.map { rows[$0].node },
            spread: spread(of: draw.chosen, wanted: count)
        )
    }

    /// How the copies on `holders` are spread; an operator with two counts once, unknown nodes not at all.
    public func spread(of holders: [NodeID], wanted: Int) -> Spread {
        var seen: Set<Int> = []
        return spread(
            of: holders.compactMap { rowOf[$0] }.filter { seen.insert(rows[$0].operator).inserted },
            wanted: wanted
        )
    }

    private func spread(of chosen: [Int], wanted: Int) -> Spread {
        let byJurisdiction = Self.tally(chosen.map { jurisdictions.name(rows[$0].jurisdiction) })
        let byHosting = Self.tally(chosen.map { hostings.name(rows[$0].hosting) })
        let byNetwork = Self.tally(chosen.compactMap { rows[$0].network >= 0 ? networks.name(rows[$0].network) : nil })
        var shortfalls: [Spread.Shortfall] = []
        if chosen.count < wanted { shortfalls.append(.operators(wanted: wanted, found: chosen.count)) }
        shortfalls += byJurisdiction.shared.map { .jurisdiction($0.name, copies: $0.copies) }
        shortfalls += byHosting.shared.map { .hosting($0.name, copies: $0.copies) }
        shortfalls += byNetwork.shared.map { .network($0.name, copies: $0.copies) }
        return Spread(
            wanted: wanted,
            copies: chosen.count,
            hostings: byHosting.distinct,
            jurisdictions: byJurisdiction.distinct,
            networks: byNetwork.distinct,
            shortfalls: shortfalls
        )
    }

    private static func tally<Name: Hashable & Comparable>(
        _ names: [Name]
    ) -> (distinct: Int, shared: [(name: Name, copies: Int)]) {
        var copies: [Name: Int] = [:]
        for name in names { copies[name, default: 0] += 1 }
        let shared = copies.keys.sorted().compactMap { name in
            copies[name].flatMap { $0 > 1 ? (name: name, copies: $0) : nil }
        }
        return (copies.count, shared.sorted { $0.copies > $1.copies })
    }
}
