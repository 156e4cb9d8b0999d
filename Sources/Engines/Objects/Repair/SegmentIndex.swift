import Core
import Placement

/// The segments held here and who holds their pieces, over small numbers.
///
/// About 24 bytes per piece and 300 per segment, so that 100,000 segments of 30 pieces fit into 100 MB. There is no list of
/// a node's segments: it would take as much again, and is only asked for when a node dies or returns.
struct SegmentIndex: Sendable {
    /// Number of a segment, reused when it has gone.
    typealias Slot = Int32

    struct Holder: Sendable {
        let node: Int32
        let index: UInt8
        var made: Instant
        var until: Instant

        /// Pieces of one node lie side by side.
        var order: Int { Int(node) << 8 | Int(index) }
    }

    struct Segment: Sendable {
        let id: Digest
        let key: PlacementKey
        let k: Int
        let n: Int
        let pieceBytes: UInt64
        var leaseEnd: Instant
        /// When repair may begin.
        let settledAt: Instant
        /// Removed by its owner; kept only for silent holders that have to learn it.
        var isGone = false
        /// Sorted by ``Holder/order``.
        var holders: [Holder] = []
        var isMarked = false
        /// Its share of the totals, so that it can be taken back.
        var strength = SegmentStrength()

        var endangeredBelow: Int { SegmentRepairSettings.endangeredBelow(k: k, n: n) }
    }

    struct Node: Sendable {
        let id: NodeID
        let hash: UInt64
        var isAlive = false
        /// When it fell silent.
        var silentSince: Instant
        var weight: UInt64 = 0
    }

    /// Most nodes that are known; pieces on further ones do not count.
    static let nodesMax = 1 << 16
    /// Most holders that are remembered per segment, in multiples of n.
    static let holdersPerPieceMax = 4

    /// Node 0 is this one.
    private(set) var nodes: [Node] = []
    private(set) var segments: [Segment?] = []
    private var nodeOf: [NodeID: Int32] = [:]
    private var slotOf: [Digest: Slot] = [:]
    private var free: [Slot] = []
    /// What the living nodes lend, ascending, zeros left out.
    private var lenders: [UInt64] = []
    /// Nodes that are not alive.
    private(set) var unavailable: Set<NodeID> = []

    init(node: NodeID, now: Instant) {
        _ = self.node(node, now: now)
        setAlive(0)
    }

    var segmentCount: Int { slotOf.count }

    // MARK: - Nodes

    /// The number of a node, which is silent from now on if it was unknown; `nil` when there are too many.
    mutating func node(_ id: NodeID, now: Instant) -> Int32? {
        if let number = nodeOf[id] { return number }
        guard nodes.count < Self.nodesMax else { return nil }
        let number = Int32(nodes.count)
        nodeOf[id] = number
        nodes.append(Node(id: id, hash: PlacementKey.hash(of: id), silentSince: now))
        unavailable.insert(id)
        return number
    }

    func number(of id: NodeID) -> Int32? { nodeOf[id] }

    mutating func setAlive(_ number: Int32) {
        guard !nodes[Int(number)].isAlive else { return }
        nodes[Int(number)].isAlive = true
        unavailable.remove(nodes[Int(number)].id)
        lend(nodes[Int(number)].weight)
    }

    mutating func setSilent(_ number: Int32, since: Instant) {
        nodes[Int(number)].silentSince = since
        guard nodes[Int(number)].isAlive else { return }
        nodes[Int(number)].isAlive = false
        unavailable.insert(nodes[Int(number)].id)
        unlend(nodes[Int(number)].weight)
    }

    mutating func setWeight(_ number: Int32, _ weight: UInt64) {
        let old = nodes[Int(number)].weight
        guard old != weight else { return }
        nodes[Int(number)].weight = weight
        guard nodes[Int(number)].isAlive else { return }
        unlend(old)
        lend(weight)
    }

    /// Living nodes that lend at least this much.
    func lenderCount(atLeast weight: UInt64) -> Int { lenders.count - position(of: max(weight, 1)) }

    private func position(of weight: UInt64) -> Int {
        var (low, high) = (0, lenders.count)
        while low < high {
            let middle = (low + high) / 2
            if lenders[middle] < weight { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private mutating func lend(_ weight: UInt64) {
        if weight > 0 { lenders.insert(weight, at: position(of: weight)) }
    }

    private mutating func unlend(_ weight: UInt64) {
        if weight > 0 { lenders.remove(at: position(of: weight)) }
    }

    // MARK: - Segments

    func slot(of id: Digest) -> Slot? { slotOf[id] }

    subscript(slot: Slot) -> Segment? {
        slot >= 0 && Int(slot) < segments.count ? segments[Int(slot)] : nil
    }

    /// Changes a segment in place; does nothing when it is not there.
    mutating func update(_ slot: Slot, _ change: (inout Segment) -> Void) {
        guard var segment = self[slot] else { return }
        segments[Int(slot)] = nil  // so that its holders are not copied
        change(&segment)
        segments[Int(slot)] = segment
    }

    mutating func insert(_ segment: Segment) -> Slot {
        let slot = free.popLast() ?? Slot(segments.count)
        if Int(slot) == segments.count { segments.append(segment) } else { segments[Int(slot)] = segment }
        slotOf[segment.id] = slot
        return slot
    }

    mutating func remove(_ slot: Slot) {
        guard let segment = self[slot] else { return }
        slotOf[segment.id] = nil
        segments[Int(slot)] = nil
        free.append(slot)
    }

    /// Adds or replaces what is known of one piece on one node.
    ///
    /// - Returns: Whether there was room; the longest silent holder gives way when there are too many.
    mutating func setHolder(_ holder: Holder, of slot: Slot) -> Bool {
        guard let segment = self[slot] else { return false }
        let position = segment.holders.firstIndex { $0.order >= holder.order } ?? segment.holders.count
        if position < segment.holders.count, segment.holders[position].order == holder.order {
            update(slot) { $0.holders[position] = holder }
            return true
        }
        if segment.holders.count >= Self.holdersPerPieceMax * segment.n {
            let silent = segment.holders.filter { !nodes[Int($0.node)].isAlive }
            let longest = silent.min { lhs, rhs in
                let (left, right) = (nodes[Int(lhs.node)].silentSince, nodes[Int(rhs.node)].silentSince)
                return left != right ? left < right : lhs.order < rhs.order
            }
            guard let longest else { return false }
            removeHolder(longest.index, on: longest.node, of: slot)
            return setHolder(holder, of: slot)
        }
        update(slot) { segment in
            if segment.holders.isEmpty { segment.holders.reserveCapacity(segment.n) }
            segment.holders.insert(holder, at: position)
        }
        return true
    }

    mutating func removeHolder(_ index: UInt8, on node: Int32, of slot: Slot) {
        update(slot) { $0.holders.removeAll { $0.node == node && $0.index == index } }
    }

    /// The segments of a node in a stable order; looks at all.
    func segments(of node: Int32) -> [Slot] {
        segments.indices.filter { segments[$0]?.holders.contains { $0.node == node } ?? false }.map { Slot($0) }
    }
}
