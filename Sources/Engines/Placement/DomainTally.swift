/// What a placement in the making counts: which rows are taken, and how many choices each failure domain has.
struct DomainTally {
    let rows: [CandidateTable.Row]
    private let distances: [UInt64]
    private var isTaken: [Bool]
    private var operators: [Int]
    private var hostings: [Int]
    private var jurisdictions: [Int]
    private var networks: [Int]

    init(_ table: CandidateTable, key: PlacementKey) {
        rows = table.rows
        distances = rows.map { key.distance(to: $0.hash) }
        isTaken = Array(repeating: false, count: rows.count)
        operators = Array(repeating: 0, count: table.operators.capacity)
        hostings = Array(repeating: 0, count: table.hostings.capacity)
        jurisdictions = Array(repeating: 0, count: table.jurisdictions.capacity)
        networks = Array(repeating: 0, count: table.networks.capacity)
    }

    func isTaken(_ index: Int) -> Bool { isTaken[index] }

    // What is chosen already in the domains of a row.
    func ofOperator(_ row: CandidateTable.Row) -> Int { operators[row.operator] }
    func ofHosting(_ row: CandidateTable.Row) -> Int { hostings[row.hosting] }
    func ofJurisdiction(_ row: CandidateTable.Row) -> Int { jurisdictions[row.jurisdiction] }
    /// 0 when the network is unobserved.
    func ofNetwork(_ row: CandidateTable.Row) -> Int { row.network >= 0 ? networks[row.network] : 0 }

    /// Rendezvous order; equal only for the same row.
    func precedes(_ lhs: Int, _ rhs: Int) -> Bool {
        if let order = Rendezvous.precedes((distances[lhs], rows[lhs].weight), (distances[rhs], rows[rhs].weight)) {
            return order
        }
        return rows[lhs].node < rows[rhs].node
    }

    mutating func take(_ index: Int) { count(index, 1) }

    mutating func release(_ index: Int) { count(index, -1) }

    private mutating func count(_ index: Int, _ change: Int) {
        let row = rows[index]
        isTaken[index] = change > 0
        operators[row.operator] += change
        hostings[row.hosting] += change
        jurisdictions[row.jurisdiction] += change
        if row.network >= 0 { networks[row.network] += change }
    }
}
