import Core

/// The nodes that placement chooses from, prepared so that a choice is a few passes over plain integers.
///
/// Grows and shrinks with the directory; the order of changes does not matter to what is chosen.
public struct CandidateTable: Sendable {
    struct Row: Sendable {
        var node: NodeID
        var hash: UInt64
        var weight: UInt64
        var `operator`: Int
        var hosting: Int
        var jurisdiction: Int
        /// -1 when unobserved.
        var network: Int
    }

    /// Most nodes in a table; more are left out.
    public static let candidatesMax = 65_536

    private(set) var rows: [Row] = []
    private(set) var rowOf: [NodeID: Int] = [:]
    private(set) var operators = DomainNames<OperatorID>()
    private(set) var hostings = DomainNames<String>()
    private(set) var jurisdictions = DomainNames<String>()
    private(set) var networks = DomainNames<NetworkPrefix>()
    /// Rows with a weight, per operator.
    private var lenders: [Int] = []

    /// Operators with at least one node that lends space: the most whole copies that this mesh can hold.
    public private(set) var operatorCount = 0

    /// Nodes that lend space: the most pieces of one segment that this mesh can hold.
    public var lendingCount: Int { lenders.reduce(0, +) }

    public init(_ candidates: [PlacementCandidate] = []) {
        for candidate in candidates { set(candidate) }
    }

    public var count: Int { rows.count }

    /// All nodes of the table, in no particular order.
    public var nodes: [NodeID] { rows.map(\.node) }

    /// What a node lends, in bytes; 0 when it is unknown or not to be chosen.
    public func weight(of node: NodeID) -> UInt64 { rowOf[node].map { rows[$0].weight } ?? 0 }

    /// Adds or replaces a node; a weight of 0 keeps it as a holder and never chooses it anew.
    ///
    /// - Returns: Whether there was room for it.
    @discardableResult
    public mutating func set(_ candidate: PlacementCandidate) -> Bool {
        if rowOf[candidate.node] == nil, rows.count >= Self.candidatesMax { return false }
        remove(candidate.node)
        let row = Row(
            node: candidate.node,
            hash: candidate.hash,
            weight: candidate.weight,
            operator: operators.enter(candidate.operator),
            hosting: hostings.enter(candidate.hosting),
            jurisdiction: jurisdictions.enter(candidate.jurisdiction),
            network: candidate.network.map { networks.enter($0) } ?? -1
        )
        rowOf[row.node] = rows.count
        rows.append(row)
        while lenders.count < operators.capacity { lenders.append(0) }
        if row.weight > 0 {
            lenders[row.operator] += 1
            if lenders[row.operator] == 1 { operatorCount += 1 }
        }
        return true
    }

    public mutating func remove(_ node: NodeID) {
        guard let index = rowOf.removeValue(forKey: node) else { return }
        let row = rows[index]
        if index < rows.count - 1 {
            rows[index] = rows[rows.count - 1]
            rowOf[rows[index].node] = index
        }
        rows.removeLast()
        if row.weight > 0 {
            lenders[row.operator] -= 1
            if lenders[row.operator] == 0 { operatorCount -= 1 }
        }
        operators.leave(row.operator)
        hostings.leave(row.hosting)
        jurisdictions.leave(row.jurisdiction)
        if row.network >= 0 { networks.leave(row.network) }
    }
}

/// Small numbers for the names of failure domains, reused when the last node of a domain has gone.
struct DomainNames<Name: Hashable & Sendable>: Sendable {
    private var numberOf: [Name: Int] = [:]
    private var nameOf: [Name] = []
    private var uses: [Int] = []
    private var free: [Int] = []

    /// Numbers lie below this.
    var capacity: Int { nameOf.count }

    func name(_ number: Int) -> Name { nameOf[number] }

    mutating func enter(_ name: Name) -> Int {
        if let number = numberOf[name] {
            uses[number] += 1
            return number
        }
        let number = free.popLast() ?? nameOf.count
        numberOf[name] = number
        if number == nameOf.count {
            nameOf.append(name)
            uses.append(1)
        } else {
            nameOf[number] = name
            uses[number] = 1
        }
        return number
    }

    mutating func leave(_ number: Int) {
        uses[number] -= 1
        guard uses[number] == 0 else { return }
        numberOf[nameOf[number]] = nil
        free.append(number)
    }
}
