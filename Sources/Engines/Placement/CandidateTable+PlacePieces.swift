import Core

extension CandidateTable {
    /// Proposes where the pieces of the segment `key` shall lie: one piece per node.
    ///
    /// No operator, hosting provider, jurisdiction or observed network gets more than `perDomainMax` pieces as long as a
    /// candidate without that flaw is left; beyond that pieces are spread evenly (least sum of squares over all four
    /// kinds of domain), and by weighted rendezvous order among equals. The choice is greedy with up to two rounds of
    /// single exchanges: where domains overlap in an awkward way it can miss an arrangement that would keep every limit,
    /// and then says so as a shortfall. Equal tables give equal results, in whatever order they were filled.
    ///
    /// - Parameters:
    ///   - n: Pieces wanted, at most ``countMax``.
    ///   - perDomainMax: Pieces that may be lost, n − k.
    ///   - keeping: Holders that keep their piece, as far as `n` allows; unknown nodes are ignored.
    ///   - reserves: How many stand-ins to name besides.
    ///   - weightMin: A new holder lends at least this many bytes, and never 0.
    ///   - excluding: Nodes that are not chosen anew.
    /// - Complexity: O(candidates · (n + reserves)).
    public func placePieces(
        _ key: PlacementKey,
        count n: Int,
        perDomainMax: Int,
        keeping: [NodeID] = [],
        reserves: Int = 0,
        weightMin: UInt64 = 1,
        excluding: Set<NodeID> = []
    ) -> PiecePlacement {
        let wanted = min(max(n, 0), Self.countMax)
        let perDomainMax = max(perDomainMax, 0)
        var draw = PieceDraw(self, key: key, perDomainMax: perDomainMax)
        let holders = keeping.compactMap { rowOf[$0] }
        while draw.chosen.count < wanted, let row = draw.best(among: holders) { draw.choose(row) }
        let kept = draw.chosen
        let floor = max(weightMin, 1)
        let held = Set(holders)
        let eligible = rows.indices.filter { index in
            rows[index].weight >= floor && !held.contains(index)
                && (excluding.isEmpty || !excluding.contains(rows[index].node))
        }
        while draw.chosen.count < wanted, let row = draw.best(among: eligible) { draw.choose(row) }
        draw.improve(among: eligible, keeping: kept.count)
        let added = draw.chosen.dropFirst(kept.count)
        let stop = draw.chosen.count + min(max(reserves, 0), Self.countMax)
        let spread = pieceSpread(of: draw.chosen, wanted: wanted, perDomainMax: perDomainMax)
        let standIns = draw.chosen.count
        while draw.chosen.count < stop, let row = draw.best(among: eligible) { draw.choose(row) }
        return PiecePlacement(
            kept: kept.map { rows[$0].node },
            added: added.map { rows[$0].node },
            reserves: draw.chosen.dropFirst(standIns).map { rows[$0].node },
            spread: spread
        )
    }

    /// How the pieces on `holders`, one each, are spread; unknown nodes do not count.
    ///
    /// - Parameters:
    ///   - n: Pieces wanted.
    ///   - perDomainMax: Pieces that may be lost when all n are there, n − k.
    public func pieceSpread(of holders: [NodeID], wanted n: Int, perDomainMax: Int) -> PieceSpread {
        var seen: Set<Int> = []
        let chosen = holders.compactMap { rowOf[$0] }.filter { seen.insert($0).inserted }
        return pieceSpread(of: chosen, wanted: n, perDomainMax: max(perDomainMax, 0))
    }

    private func pieceSpread(of chosen: [Int], wanted: Int, perDomainMax: Int) -> PieceSpread {
        let lossMax = max(perDomainMax - max(wanted - chosen.count, 0), 0)
        let operators = Self.pieces(chosen.map { self.operators.name(rows[$0].operator) })
        let jurisdictions = Self.pieces(chosen.map { self.jurisdictions.name(rows[$0].jurisdiction) })
        let hostings = Self.pieces(chosen.map { self.hostings.name(rows[$0].hosting) })
        let networks = Self.pieces(
            chosen.compactMap { rows[$0].network >= 0 ? self.networks.name(rows[$0].network) : nil }
        )
        func excess<Name>(_ domains: [(name: Name, pieces: Int)]) -> [(name: Name, pieces: Int)] {
            Array(domains.prefix { $0.pieces > lossMax })
        }
        var shortfalls: [PieceSpread.Shortfall] = []
        if chosen.count < wanted { shortfalls.append(.nodes(wanted: wanted, found: chosen.count)) }
        shortfalls += excess(operators).map { .operator($0.name, pieces: $0.pieces, lossMax: lossMax) }
        shortfalls += excess(hostings).map { .hosting($0.name, pieces: $0.pieces, lossMax: lossMax) }
        shortfalls += excess(jurisdictions).map { .jurisdiction($0.name, pieces: $0.pieces, lossMax: lossMax) }
        shortfalls += excess(networks).map { .network($0.name, pieces: $0.pieces, lossMax: lossMax) }
        return PieceSpread(
            wanted: wanted,
            pieces: chosen.count,
            lossMax: lossMax,
            operatorMax: operators.first?.pieces ?? 0,
            hostingMax: hostings.first?.pieces ?? 0,
            jurisdictionMax: jurisdictions.first?.pieces ?? 0,
            networkMax: networks.first?.pieces ?? 0,
            shortfalls: shortfalls
        )
    }

    /// Pieces per domain, the fullest first.
    private static func pieces<Name: Hashable & Comparable>(_ names: [Name]) -> [(name: Name, pieces: Int)] {
        var pieces: [Name: Int] = [:]
        for name in names { pieces[name, default: 0] += 1 }
        return pieces.map { (name: $0.key, pieces: $0.value) }.sorted {
            ($1.pieces, $0.name) < ($0.pieces, $1.name)
        }
    }
}
