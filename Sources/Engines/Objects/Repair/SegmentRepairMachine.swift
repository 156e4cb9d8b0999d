import Core
import Placement

/// Keeps the segments of which this node holds a piece at full strength, together with their other holders and
/// without a coordinator or the owner.
///
///     whole ──a holder is lost──▶ lacking ──my turn──▶ queued ──budget──▶ rebuilding ──all stored──▶ whole
///                                    ▲                                        │ failed: back-off
///                                    └────────────────────────────────────────┘
///
/// A holder that is silent for `grace` is lost; once fewer than k + ⌈n/4⌉ pieces are on living nodes, every silent one
/// is. The living holders take turns in rendezvous order of the segment: the first repairs at once, each further one
/// after another `takeoverDelay` without progress, and whoever sees a statement about the rebuilt piece stands down.
/// A holder that returns counts again; of two living pieces with one index the later made is then withdrawn by its
/// own holder. Every event method returns effects in the order in which they are to be performed.
public struct SegmentRepairMachine: Sendable {
    typealias Slot = SegmentIndex.Slot

    struct Flight: Sendable {
        /// What is still to be stored.
        var pending: [Int: NodeID]
    }

    /// Until when a node that refused a piece is not asked as long as there are others, and until when it is not at all.
    struct Refusal: Sendable {
        let until: Instant
        let again: Instant
    }

    /// What is going on with a segment; absent for the many where nothing is.
    struct Work: Sendable {
        var lackSince: Instant?
        var missingCount = 0
        /// Since when an own piece has an earlier-made twin alive.
        var surplusSince: Instant?
        var failures = 0
        var retryAt: Instant?
        /// Nodes that refused a piece.
        var refusals: [NodeID: Refusal] = [:]
        /// The valid entry in the queue.
        var queued: Ready?

        var isIdle: Bool {
            lackSince == nil && surplusSince == nil && failures == 0 && retryAt == nil && refusals.isEmpty
                && queued == nil
        }
    }

    /// A rebuild to start: the fewer pieces beyond k, the sooner; then those where this node comes first.
    struct Ready: Comparable, Sendable {
        let margin: Int
        let rank: Int
        let serial: UInt64
        let slot: Slot

        static func < (lhs: Ready, rhs: Ready) -> Bool {
            (lhs.margin, lhs.rank, lhs.serial) < (rhs.margin, rhs.rank, rhs.serial)
        }
        static func == (lhs: Ready, rhs: Ready) -> Bool { lhs.serial == rhs.serial }
    }

    /// Most segments per node; further ones are refused and counted.
    public static let segmentsMax = 4_000_000

    public let node: NodeID
    public let settings: SegmentRepairSettings
    /// Pieces over all segments held here.
    public internal(set) var strength = SegmentStrength()
    /// Notices and segments that did not fit.
    public internal(set) var refusedCount = 0
    var index: SegmentIndex
    var candidates = CandidateTable()
    var work: [Slot: Work] = [:]
    var flights: [Slot: Flight] = [:]
    /// Segments that lack pieces, and those that are endangered.
    var owing: Set<Slot> = []
    var endangered: Set<Slot> = []
    var deadlines = DeadlineQueue<Slot>()
    /// When silent nodes are lost.
    var losses = DeadlineQueue<Int32>()
    var urgent = MarkedQueue()
    var marked = MarkedQueue()
    var ready = BinaryHeap<Ready>()
    var serial: UInt64 = 0
    var budget: TransferBudget
    var wakeAt: Instant?
    /// Until then this node learns what it missed and repairs nothing.
    var quietUntil = Instant.distantPast

    public init(node: NodeID, settings: SegmentRepairSettings = SegmentRepairSettings(), now: Instant) {
        self.node = node
        self.settings = settings
        index = SegmentIndex(node: node, now: now)
        budget = TransferBudget(
            bytesPerSecond: settings.bytesPerSecondMax,
            burstBytes: settings.burstBytesMax,
            now: now
        )
    }

    // MARK: - Events about segments

    /// A piece is durable here, came from the store at start, or its lease was renewed.
    ///
    /// What is known of the other holders follows as notices; notices of segments not held here are dropped.
    public mutating func segmentHeld(_ piece: HeldPiece, now: Instant) -> [SegmentRepairEffect] {
        let slot: Slot
        if let known = index.slot(of: piece.segment) {
            slot = known
        } else {
            guard index.segmentCount < Self.segmentsMax else {
                refusedCount += 1
                return advance(now, [])
            }
            slot = index.insert(
                SegmentIndex.Segment(
                    id: piece.segment,
                    key: PlacementKey(piece.segment.bytes),
                    k: piece.k,
                    n: piece.n,
                    pieceBytes: piece.pieceBytes,
                    leaseEnd: piece.leaseEnd,
                    settledAt: now + settings.settleDelay
                        + settings.transferTime(of: UInt64(piece.n) * piece.pieceBytes)
                )
            )
        }
        guard index[slot]?.isGone == false else { return advance(now, []) }
        index.update(slot) { $0.leaseEnd = max($0.leaseEnd, piece.leaseEnd) }
        let holder = SegmentIndex.Holder(
            node: 0,
            index: UInt8(piece.index),
            made: piece.made,
            until: Instant(milliseconds: .max)
        )
        if !index.setHolder(holder, of: slot) { refusedCount += 1 }
        recount(slot, now: now)
        mark(slot)
        return advance(now, [])
    }

    /// This node's own piece is gone: damaged, or removed by its operator.
    public mutating func pieceLost(_ segment: Digest, index piece: Int, now: Instant) -> [SegmentRepairEffect] {
        var effects: [SegmentRepairEffect] = []
        if let slot = index.slot(of: segment), let piece = UInt8(exactly: piece) {
            removeOwn(piece, of: slot, now: now, &effects)
        }
        return advance(now, effects)
    }

    /// A holder says that it has a piece, or that it has it no more.
    public mutating func statement(_ notice: PieceNotice, now: Instant) -> [SegmentRepairEffect] {
        guard let slot = index.slot(of: notice.segment), let segment = index[slot], notice.node != node,
            (0..<segment.n).contains(notice.index), let piece = UInt8(exactly: notice.index)
        else { return advance(now, []) }
        switch notice.state {
        case .holding:
            guard !segment.isGone, notice.until > now else { break }
            guard let number = number(of: notice.node, now: now) else {
                refusedCount += 1
                break
            }
            let holder = SegmentIndex.Holder(node: number, index: piece, made: notice.made, until: notice.until)
            if !index.setHolder(holder, of: slot) { refusedCount += 1 }
            settle(slot, notice.index, on: notice.node)
        case .withdrawn:
            guard let number = index.number(of: notice.node) else { break }
            index.removeHolder(piece, on: number, of: slot)
            if segment.isGone, index[slot]?.holders.isEmpty == true { index.remove(slot) }
        }
        recount(slot, now: now)
        mark(slot)
        return advance(now, [])
    }

    /// The owner removed the segment: it is not repaired any more, and silent holders learn it when they return.
    public mutating func segmentGone(_ segment: Digest, now: Instant) -> [SegmentRepairEffect] {
        var effects: [SegmentRepairEffect] = []
        guard let slot = index.slot(of: segment), let state = index[slot], !state.isGone else {
            return advance(now, effects)
        }
        stopWork(slot, &effects)
        for holder in state.holders where index.nodes[Int(holder.node)].isAlive {
            index.removeHolder(holder.index, on: holder.node, of: slot)
        }
        index.update(slot) { $0.isGone = true }
        recount(slot, now: now)
        if index[slot]?.holders.isEmpty == true { index.remove(slot) } else { mark(slot) }
        return advance(now, effects)
    }

    // MARK: - Events about nodes

    /// A node does not answer any more.
    ///
    /// - Parameter silentSince: When it was last heard of, if that was earlier than now.
    public mutating func memberDied(
        _ member: NodeID,
        silentSince: Instant? = nil,
        now: Instant
    ) -> [SegmentRepairEffect] {
        guard member != node, let number = index.node(member, now: now) else { return advance(now, []) }
        let wasAlive = index.nodes[Int(number)].isAlive
        let since = min(silentSince ?? now, now)
        guard wasAlive || since < index.nodes[Int(number)].silentSince else { return advance(now, []) }
        index.setSilent(number, since: since)
        losses.set(number, at: since + settings.grace)
        for slot in index.segments(of: number) {
            recount(slot, now: now)
            if work[slot] != nil || flights[slot] != nil { mark(slot) }
        }
        return advance(now, [])
    }

    /// A node answers: for the first time, or again.
    public mutating func memberAlive(_ member: NodeID, now: Instant) -> [SegmentRepairEffect] {
        guard member != node, let number = index.node(member, now: now), !index.nodes[Int(number)].isAlive else {
            return advance(now, [])
        }
        index.setAlive(number)
        var shared: [Digest] = []
        for slot in index.segments(of: number) {
            recount(slot, now: now)
            mark(slot)
            if let segment = index[slot], isSyncPartner(segment, of: number) { shared.append(segment.id) }
        }
        var effects: [SegmentRepairEffect] = []
        for start in stride(from: 0, to: shared.count, by: SegmentRepairSettings.syncBatchMax) {
            let end = min(start + SegmentRepairSettings.syncBatchMax, shared.count)
            effects.append(.sync(Array(shared[start..<end]), with: member))
        }
        if index.nodes[Int(number)].weight > 0 { markOwing() }
        return advance(now, effects)
    }

    /// The nodes that may take pieces, or what they lend, changed; whether they are alive is told apart.
    public mutating func candidatesChanged(_ table: CandidateTable, now: Instant) -> [SegmentRepairEffect] {
        let former = candidates
        candidates = table
        for member in former.nodes where table.weight(of: member) == 0 {
            if let number = index.number(of: member) { index.setWeight(number, 0) }
        }
        var hasGrown = false
        for member in table.nodes {
            guard let number = index.node(member, now: now) else { continue }
            let (old, new) = (index.nodes[Int(number)].weight, table.weight(of: member))
            index.setWeight(number, new)
            if new > old, index.nodes[Int(number)].isAlive { hasGrown = true }
        }
        if hasGrown { markOwing() }
        return advance(now, [])
    }

    // MARK: - Events about rebuilds

    /// A piece asked for with `.rebuild` is durable on its target.
    public mutating func rebuilt(
        _ segment: Digest,
        index piece: Int,
        on target: NodeID,
        now: Instant
    ) -> [SegmentRepairEffect] {
        guard let slot = index.slot(of: segment), let state = index[slot] else { return advance(now, []) }
        if let number = index.number(of: target),
            state.holders.contains(where: { $0.node == number && Int($0.index) == piece && $0.until > now })
        {
            settle(slot, piece, on: target)  // its own statement was faster
            return advance(now, [])
        }
        let notice = PieceNotice(
            segment: segment,
            index: piece,
            node: target,
            state: .holding,
            made: now,
            until: state.leaseEnd
        )
        return statement(notice, now: now)
    }

    /// A rebuild asked for with `.rebuild` did not come to its end; what is missing is tried again later.
    public mutating func rebuildFailed(
        _ segment: Digest,
        _ reason: RebuildFailure,
        now: Instant
    ) -> [SegmentRepairEffect] {
        guard let slot = index.slot(of: segment), flights.removeValue(forKey: slot) != nil else {
            return advance(now, [])
        }
        var state = work[slot] ?? Work()
        state.failures += 1
        let delay = settings.retryDelay(failures: state.failures)
        state.retryAt = now + delay
        if case .refused(let nodes) = reason {
            let until = now + settings.refusalMemory
            let refusal = Refusal(until: until, again: min(now + delay * 4, until))
            for refuser in nodes.prefix(HeldPiece.nMax) { state.refusals[refuser] = refusal }
        }
        work[slot] = state
        mark(slot)
        return advance(now, [])
    }

    /// This node was away: asleep, or cut off from everybody. What it knows is old, so for `settleDelay` it repairs nothing.
    ///
    /// To be called before any other event of its return; rebuilds that the pause broke off are reported as failed.
    public mutating func resumed(now: Instant) -> [SegmentRepairEffect] {
        quietUntil = now + settings.settleDelay
        for slot in work.keys.sorted() {
            work[slot]?.surplusSince = nil
            work[slot]?.lackSince = nil
            work[slot]?.queued = nil
            mark(slot)
        }
        return advance(now, [])
    }

    /// Time has passed.
    public mutating func tick(now: Instant) -> [SegmentRepairEffect] { advance(now, []) }
}
