import Core

/// One placement in the making: what is chosen so far and how often each failure domain occurs in it.
struct PlacementDraw {
    private var tally: DomainTally
    private var isKeptOperator: [Bool]
    private(set) var chosen: [Int] = []
    private(set) var reserves: [Int] = []

    init(_ table: CandidateTable, key: PlacementKey) {
        tally = DomainTally(table, key: key)
        isKeptOperator = Array(repeating: false, count: table.operators.capacity)
    }

    private var rows: [CandidateTable.Row] { tally.rows }

    /// Copies already in this row's domains: what a copy here adds to half the sum of squares.
    private func crowding(_ row: CandidateTable.Row) -> Int {
        tally.ofHosting(row) + tally.ofJurisdiction(row) + tally.ofNetwork(row)
    }

    /// The least crowded row on an operator without a copy, the first in rendezvous order among equals.
    func best(among candidates: [Int]) -> Int? {
        var best: (row: Int, crowding: Int)?
        for index in candidates where !tally.isTaken(index) && tally.ofOperator(rows[index]) == 0 {
            let crowding = crowding(rows[index])
            if let seen = best {
                if seen.crowding < crowding { continue }
                if seen.crowding == crowding, !tally.precedes(index, seen.row) { continue }
            }
            best = (index, crowding)
        }
        return best?.row
    }

    mutating func choose(_ index: Int) {
        chosen.append(index)
        tally.take(index)
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
            tally.release(leaving)
            if let better = best(among: candidates), crowding(rows[better]) < crowding(rows[leaving]) {
                tally.take(better)
                chosen[position] = better
                return true
            }
            tally.take(leaving)
        }
        return false
    }

    /// Names stand-ins: on free operators first, then beside a new holder on its operator.
    mutating func drawReserves(_ reserveCount: Int, among candidates: [Int]) {
        var named = Array(repeating: false, count: rows.count)
        while reserves.count < reserveCount {
            var best: (row: Int, siblings: Int, crowding: Int)?
            for index in candidates
            where !tally.isTaken(index) && !named[index] && !isKeptOperator[rows[index].operator] {
                let siblings = tally.ofOperator(rows[index])
                let crowding = crowding(rows[index])
                if let seen = best {
                    let order = (seen.siblings, seen.crowding)
                    if order < (siblings, crowding) { continue }
                    if order == (siblings, crowding), !tally.precedes(index, seen.row) { continue }
                }
                best = (index, siblings, crowding)
            }
            guard let reserve = best?.row else { return }
            named[reserve] = true
            reserves.append(reserve)
        }
    }
}
