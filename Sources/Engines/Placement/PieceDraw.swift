import Core

/// One placement of pieces in the making: what is chosen so far and how many pieces each failure domain has.
struct PieceDraw {
    /// What a piece on a row costs: limits that it breaks, then pieces it crowds together with.
    private struct Cost: Comparable {
        let broken: Int
        let crowding: Int

        static func < (lhs: Cost, rhs: Cost) -> Bool { (lhs.broken, lhs.crowding) < (rhs.broken, rhs.crowding) }
    }

    private var tally: DomainTally
    private let perDomainMax: Int
    private(set) var chosen: [Int] = []

    init(_ table: CandidateTable, key: PlacementKey, perDomainMax: Int) {
        tally = DomainTally(table, key: key)
        self.perDomainMax = perDomainMax
    }

    private func cost(_ index: Int) -> Cost {
        let row = tally.rows[index]
        let (operators, hostings) = (tally.ofOperator(row), tally.ofHosting(row))
        let (jurisdictions, network) = (tally.ofJurisdiction(row), tally.ofNetwork(row))
        let isNetworkFull = row.network >= 0 && network >= perDomainMax
        return Cost(
            broken: (operators >= perDomainMax ? 1 : 0) + (hostings >= perDomainMax ? 1 : 0)
                + (jurisdictions >= perDomainMax ? 1 : 0) + (isNetworkFull ? 1 : 0),
            crowding: operators + hostings + jurisdictions + network
        )
    }

    /// The cheapest row without a piece, the first in rendezvous order among equals.
    func best(among candidates: [Int]) -> Int? {
        var best: (row: Int, cost: Cost)?
        for index in candidates where !tally.isTaken(index) {
            let cost = cost(index)
            if let seen = best, seen.cost < cost || seen.cost == cost && !tally.precedes(index, seen.row) { continue }
            best = (index, cost)
        }
        return best?.row
    }

    mutating func choose(_ index: Int) {
        chosen.append(index)
        tally.take(index)
    }

    /// Moves single new pieces to where they cost less, the last chosen first; at most two looks at each piece.
    mutating func improve(among candidates: [Int], keeping keptCount: Int) {
        for _ in 0..<2 {
            var hasMoved = false
            for position in (keptCount..<max(chosen.count, keptCount)).reversed() {
                let leaving = chosen[position]
                tally.release(leaving)
                if let better = best(among: candidates), cost(better) < cost(leaving) {
                    tally.take(better)
                    chosen[position] = better
                    hasMoved = true
                } else {
                    tally.take(leaving)
                }
            }
            guard hasMoved else { return }
        }
    }
}
