import Core
import HashTreeCollections

/// Every other node of the mesh with what was observed of it, in an order from which chance can draw.
///
/// Looking up and changing one cost O(log n), drawing one O(1) while a fair share qualifies. Copies share what they have in
/// common. The order depends on what happened and not on hashing, so equal seeds draw equal members.
struct MemberTable: Sendable {
    /// Small, because a simulation holds a hundred million of them.
    private struct Row: Sendable {
        var since: Instant
        var incarnation: UInt64
        var position: UInt32
        var status: MemberStatus

        init(_ observation: NodeObservation, position: Int) {
            since = observation.since
            incarnation = observation.incarnation
            self.position = UInt32(position)
            status = observation.status
        }
    }

    private var rows: TreeDictionary<NodeID, Row> = [:]
    /// From where those connected that did.
    private var addresses: TreeDictionary<NodeID, String> = [:]
    private var order = ChunkedList<NodeID>()
    private(set) var aliveCount = 0
    private(set) var unheardCount = 0

    /// Random looks at the table for each member that is wanted, before all of it is gone through.
    static let drawsMax = 16

    var count: Int { rows.count }

    /// In key order; O(n log n).
    var sorted: [NodeID] { rows.keys.sorted() }

    /// The member at a place in the order, which a removal may give to another.
    func member(at position: Int) -> NodeID { order[position] }

    subscript(_ id: NodeID) -> NodeObservation? {
        get { rows[id].map { observation($0, of: id) } }
        set {
            let old = rows[id]
            count(old?.status, -1)
            count(newValue?.status, 1)
            if !addresses.isEmpty || newValue?.address != nil { addresses[id] = newValue?.address }
            switch (old, newValue) {
            case (let old?, let new?): rows[id] = Row(new, position: Int(old.position))
            case (nil, let new?):
                rows[id] = Row(new, position: order.count)
                order.append(id)
            case (let old?, nil): remove(id, at: Int(old.position))
            case (nil, nil): break
            }
        }
    }

    func status(_ id: NodeID) -> MemberStatus? { rows[id]?.status }

    private func observation(_ row: Row, of id: NodeID) -> NodeObservation {
        let address = addresses.isEmpty ? nil : addresses[id]
        return NodeObservation(status: row.status, since: row.since, incarnation: row.incarnation, address: address)
    }

    /// One member that qualifies, each with equal chance; `nil` when none does.
    func random(
        using rng: inout some RandomNumberGenerator,
        where qualifies: (NodeID, NodeObservation) -> Bool
    ) -> NodeID? {
        random(1, using: &rng, where: qualifies).first
    }

    /// Up to `wanted` different members that qualify, in random order.
    ///
    /// Where few qualify the table is gone through from a random place on, and neighbours in its order come together more
    /// often than chance would have it.
    func random(
        _ wanted: Int,
        using rng: inout some RandomNumberGenerator,
        where qualifies: (NodeID, NodeObservation) -> Bool
    ) -> [NodeID] {
        guard count > 0, wanted > 0 else { return [] }
        func isWanted(_ id: NodeID) -> Bool { self[id].map { qualifies(id, $0) } ?? false }
        if count <= 4 * wanted {
            return Array(order.indices.map { order[$0] }.filter(isWanted).shuffled(using: &rng).prefix(wanted))
        }
        var chosen: [NodeID] = []
        for _ in 0..<Self.drawsMax * wanted where chosen.count < wanted {
            let id = order[Int.random(in: 0..<count, using: &rng)]
            if !chosen.contains(id), isWanted(id) { chosen.append(id) }
        }
        guard chosen.count < wanted else { return chosen }
        let start = Int.random(in: 0..<count, using: &rng)
        for step in 0..<count where chosen.count < wanted {
            let id = order[(start + step) % count]
            if !chosen.contains(id), isWanted(id) { chosen.append(id) }
        }
        return chosen
    }

    private mutating func remove(_ id: NodeID, at position: Int) {
        rows[id] = nil
        let last = order.removeLast()
        guard last != id else { return }
        order[position] = last
        rows[last]?.position = UInt32(position)
    }

    private mutating func count(_ status: MemberStatus?, _ step: Int) {
        switch status {
        case .alive: aliveCount += step
        case .unheard: unheardCount += step
        case .suspect, .dead, nil: break
        }
    }
}

/// A list in small pieces, of which a changed copy owns only those that changed.
struct ChunkedList<Element: Sendable>: Sendable {
    private static var chunkCount: Int { 32 }

    private var chunks: [[Element]] = []
    private(set) var count = 0

    var indices: Range<Int> { 0..<count }

    subscript(_ index: Int) -> Element {
        get { chunks[index / Self.chunkCount][index % Self.chunkCount] }
        set { chunks[index / Self.chunkCount][index % Self.chunkCount] = newValue }
    }

    mutating func append(_ element: Element) {
        if count % Self.chunkCount == 0 { chunks.append([]) }
        chunks[count / Self.chunkCount].append(element)
        count += 1
    }

    mutating func removeLast() -> Element {
        count -= 1
        let element = chunks[count / Self.chunkCount].removeLast()
        if count % Self.chunkCount == 0 { chunks.removeLast() }
        return element
    }
}
