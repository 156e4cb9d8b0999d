import Core

/// One placement in the making: what is chosen so far and how often each failure domain occurs in it.
struct PlacementDraw {
    private let rows: [CandidateTable.Row]
    private let distances: [UInt64]
    private var isTaken: [Bool]
    private var isKeptOperator: [Bool]
    private var operators: [Int]
    private var hostings: [Int]
    private var jurisdictions: [Int]
    private var networks: [Int]
    private(set) var chosen: [Int] = []
    private(set) var reserves: [Int] = []

    init(_ table: CandidateTable, key: PlacementKey) {
        rows = table.rows
        distances = rows.map { key.distance(to: $0.hash) }
        isTaken = Array(repeating: false, count: rows.count)
        isKeptOperator = Array(repeating: false, count: table.operators.capacity)
        operators = Array(repeating: 0, count: table.operators.capacity)
        hostings = Array(repeating: 0, count: table.hostings.capacity)
        jurisdictions = Array(repeating: 0, count: table.jurisdictions.capacity)
        networks = Array(repeating: 0, count: table.networks.capacity)
    }

    /// Copies already in this row's domains: what a copy here adds to half the sum of squares.
    private func crowding(_ row: CandidateTable.Row) -> Int {
        hostings[row.hosting] + jurisdictions[row.jurisdiction] + (row.network >= 0 ? networks[row.network] : 0)
    }

    /// Rendezvous order; equal only for the same row.
    private func precedes(_ lhs: Int, _ rhs: Int) -> Bool {
        if let order = Rendezvous.precedes((distances[lhs], rows[lhs].weight), (distances[rhs], rows[rhs].weight)) {
            return order
        }
        return rows[lhs].node < rows[rhs].node
    }

    /// The least crowded row on an operator without a copy, the first in rendezvous order among equals.
    func best(among candidates: [Int]) -> Int? {
        var best: (row: Int, crowding: Int)?
        for index in candidates where !isTaken[index] && operators[rows[index].operator] == 0 {
            let crowding = crowding(rows[index])
            if let seen = best, seen.crowding < crowding || seen.crowding == crowding && !precedes(index, seen.row) {
                continue
            }
            best = (index, crowding)
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

    /// Fixes what is chosen so far: reserves never come from these operators.
    mutating func keep() {
        for index in chosen { isKeptOperator[rows[index].operator] = true }
    }

    /// Exchanges single new holders while that spreads the copies better; at most one exchange per copy.
    mutating func improve(among candidates: [Int], keeping keptCount: Int) {
        for _ in keptCount..<max(chosen.count, keptCount) {
            guard improveOnce(among: candidates, keeping: keptCount) else { return }
        }
    }

    private mutating func improveOnce(among candidates: [Int], keeping keptCount: Int) -> Bool {
        for position in (keptCount..<chosen.count).reversed() {
            let leaving = chosen[position]
            count(leaving, -1)
            if let better = best(among: candidates), crowding(rows[better]) < crowding(rows[leaving]) {
                count(better, 1)
                chosen[position] = better
                return true
            }
            count(leaving, 1)
        }
        return false
    }

    /// Names stand-ins: on free operators first, then beside a new holder on its operator.
    mutating func drawReserves(_ reserveCount: Int, among candidates: [Int]) {
        var named = Array(repeating: false, count: rows.count)
        while reserves.count < reserveCount {
            var best: (row: Int, siblings: Int, crowding: Int)?
            for index in candidates where !isTaken[index] && !named[index] && !isKeptOperator[rows[index].operator] {
                let siblings = operators[rows[index].operator]
                let crowding = crowding(rows[index])
                if let seen = best {
                    let order = (seen.siblings, seen.crowding)
                    if order < (siblings, crowding) || order == (siblings, crowding) && !precedes(index, seen.row) {
                        continue
                    }
                }
                best = (index, siblings, crowding)
            }
            guard let reserve = best?.row else { return }
            named[reserve] = true
            reserves.append(reserve)
        }
    }
}
