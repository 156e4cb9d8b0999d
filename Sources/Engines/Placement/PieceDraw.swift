import Core

/// One placement of pieces in the making: what is chosen so far and how many pieces each failure domain has.
struct PieceDraw {
    /// What a piece on a row costs: limits that it breaks, then pieces it crowds together with.
    private struct Cost: Comparable {
        let broken: Int
        let crowding: Int

        static func < (lhs: Cost, rhs: Cost) -> Bool { (lhs.broken, lhs.crowding) < (rhs.broken, rhs.crowding) }
    }

    private let rows: [CandidateTable.Row]
    private let distances: [UInt64]
    private let perDomainMax: Int
    private var isTaken: [Bool]
    private var operators: [Int]
    private var hostings: [Int]
    private var jurisdictions: [Int]
    private var networks: [Int]
    private(set) var chosen: [Int] = []

    init(_ table: CandidateTable, key: PlacementKey, perDomainMax: Int) {
        rows = table.rows
        distances = rows.map { key.distance(to: $0.hash) }
        self.perDomainMax = perDomainMax
        isTaken = Array(repeating: false, count: rows.count)
        operators = Array(repeating: 0, count: table.operators.capacity)
        hostings = Array(repeating: 0, count: table.hostings.capacity)
        jurisdictions = Array(repeating: 0, count: table.jurisdictions.capacity)
        networks = Array(repeating: 0, count: table.networks.capacity)
    }

    private func cost(_ index: Int) -> Cost {
        let row = rows[index]
        let network = row.network >= 0 ? networks[row.network] : 0
        let (operators, hostings) = (operators[row.operator], hostings[row.hosting])
        let jurisdictions = jurisdictions[row.jurisdiction]
        let isNetworkFull = row.network >= 0 && network >= perDomainMax
        return Cost(
            broken: (operators >= perDomainMax ? 1 : 0) + (hostings >= perDomainMax ? 1 : 0)
                + (jurisdictions >= perDomainMax ? 1 : 0) + (isNetworkFull ? 1 : 0),
            crowding: operators + hostings + jurisdictions + network
        )
    }

    /// Rendezvous order; equal only for the same row.
    private func precedes(_ lhs: Int, _ rhs: Int) -> Bool {
        if let order = Rendezvous.precedes((distances[lhs], rows[lhs].weight), (distances[rhs], rows[rhs].weight)) {
            return order
        }
        return rows[lhs].node < rows[rhs].node
    }

    /// The cheapest row without a piece, the first in rendezvous order among equals.
    func best(among candidates: [Int]) -> Int? {
        var best: (row: Int, cost: Cost)?
        for index in candidates where !isTaken[index] {
            let cost = cost(index)
            if let seen = best, seen.cost < cost || seen.cost == cost && !precedes(index, seen.row) { continue }
            best = (index, cost)
        }
        return best?.row
    }

    mutating func choose(_ index: Int) {
        chosen.append(index)
        count(index, 1)
    }

    private mutating func count(_ index: Int, _ change: Int) {
        let row = rows[index]
        isTaken[index] = change > 0
        operators[row.operator] += change
        hostings[row.hosting] += change
        jurisdictions[row.jurisdiction] += change
        if row.network >= 0 { networks[row.network] += change }
    }

    /// Moves single new pieces to where they cost less, the last chosen first; at most two looks at each piece.
    mutating func improve(among candidates: [Int], keeping keptCount: Int) {
        for _ in 0..<2 {
            var hasMoved = false
            for position in (keptCount..<max(chosen.count, keptCount)).reversed() {
                let leaving = chosen[position]
                count(leaving, -1)
                if let better = best(among: candidates), cost(better) < cost(leaving) {
                    count(better, 1)
                    chosen[position] = better
                    hasMoved = true
                } else {
                    count(leaving, 1)
                }
            }
            guard hasMoved else { return }
        }
    }
}
