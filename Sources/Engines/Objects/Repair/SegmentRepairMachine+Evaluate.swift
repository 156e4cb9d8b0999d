import Core
import Placement

/// The pieces of one segment as they count for repair.
struct PieceCensus {
    /// On living nodes.
    var live = PieceIndexes()
    /// On living nodes and on those that are given more time.
    var counted = PieceIndexes()
    var countedNodes: [NodeID] = []
    /// Those of the counted nodes that are among the lenders.
    var countedLenders = 0
    /// When the first of the counted statements ends.
    var nextEnd: Instant?
}

extension SegmentRepairMachine {
    func census(of segment: SegmentIndex.Segment, now: Instant) -> PieceCensus {
        var census = PieceCensus()
        census.live = livePieces(of: segment, now: now)
        let isEndangered = census.live.count < segment.endangeredBelow
        let weightMin = max(segment.pieceBytes, 1)
        var previous: Int32 = -1
        for holder in segment.holders where holder.until > now {
            let member = index.nodes[Int(holder.node)]
            guard member.isAlive || !isEndangered && now < member.silentSince + settings.grace else { continue }
            census.counted.insert(holder.index)
            census.nextEnd = min(census.nextEnd ?? holder.until, holder.until)
            guard holder.node != previous else { continue }
            previous = holder.node
            census.countedNodes.append(member.id)
            if member.isAlive, member.weight >= weightMin { census.countedLenders += 1 }
        }
        return census
    }

    private func livePieces(of segment: SegmentIndex.Segment, now: Instant) -> PieceIndexes {
        var live = PieceIndexes()
        for holder in segment.holders where holder.until > now && index.nodes[Int(holder.node)].isAlive {
            live.insert(holder.index)
        }
        return live
    }

    /// How many living holders come before this node in the segment's order.
    func rank(in segment: SegmentIndex.Segment, now: Instant, without other: Int32? = nil) -> Int {
        let own = place(of: 0, in: segment)
        var rank = 0
        var previous: Int32 = 0
        for holder in segment.holders where holder.node != previous && holder.until > now && holder.node != other {
            previous = holder.node
            if index.nodes[Int(holder.node)].isAlive, place(of: holder.node, in: segment) < own { rank += 1 }
        }
        return rank
    }

    private func place(of number: Int32, in segment: SegmentIndex.Segment) -> (UInt64, NodeID) {
        let member = index.nodes[Int(number)]
        return (segment.key.rank(member.hash), member.id)
    }

    /// Whether this node is one of those that exchange what they know of the segment with `number`.
    func isSyncPartner(_ segment: SegmentIndex.Segment, of number: Int32) -> Bool {
        segment.isGone || rank(in: segment, now: .distantPast, without: number) < settings.syncPartnersMax
    }

    // MARK: - One segment

    /// Looks at one segment anew and does what is due; anything that could matter later leaves a deadline behind.
    mutating func evaluate(_ slot: Slot, now: Instant, _ effects: inout [SegmentRepairEffect]) {
        guard let segment = index[slot] else { return }
        guard segment.leaseEnd > now else {
            forget(slot, now: now, &effects)
            return
        }
        deadlines.set(slot, at: segment.leaseEnd)
        guard !segment.isGone else { return }
        evaluateSurplus(slot, segment, now: now, &effects)
        guard let segment = index[slot] else { return }
        let census = census(of: segment, now: now)
        if let end = census.nextEnd, end < segment.leaseEnd { deadlines.set(slot, at: end) }
        let counted = census.counted.count
        let spare = max(index.lenderCount(atLeast: segment.pieceBytes) - census.countedLenders, 0)
        let missing = segment.n - counted
        recount(slot, target: min(segment.n, counted + spare), now: now)
        if missing > 0 { owing.insert(slot) } else { owing.remove(slot) }
        evaluateLack(slot, segment, census, repairable: min(missing, spare), now: now, &effects)
        if work[slot]?.isIdle == true { work[slot] = nil }
    }

    private mutating func evaluateLack(
        _ slot: Slot,
        _ segment: SegmentIndex.Segment,
        _ census: PieceCensus,
        repairable: Int,
        now: Instant,
        _ effects: inout [SegmentRepairEffect]
    ) {
        if let flight = flights[slot], !flight.pending.keys.contains(where: { !census.counted.contains(UInt8($0)) }) {
            flights[slot] = nil
            effects.append(.cancel(segment.id))
        }
        var state = work[slot] ?? Work()
        defer { work[slot] = state }
        let live = census.live.count
        guard repairable > 0, live >= segment.k else {
            state.lackSince = nil
            state.queued = nil
            if repairable == 0 {
                (state.failures, state.retryAt) = (0, nil)
                state.refusals = [:]
            }
            return
        }
        guard flights[slot] == nil else { return }
        let settledAt = max(segment.settledAt, quietUntil)
        guard now >= settledAt else {
            deadlines.set(slot, at: settledAt)
            return
        }
        // A repairer that gets ahead keeps its turn.
        if state.lackSince == nil || repairable < state.missingCount { state.lackSince = now }
        state.missingCount = repairable
        let rank = rank(in: segment, now: now)
        let step = settings.takeoverDelay + settings.transferTime(of: UInt64(segment.k) * segment.pieceBytes)
        let start = max((state.lackSince ?? now) + step * rank, state.retryAt ?? .distantPast)
        guard now >= start else {
            state.queued = nil
            deadlines.set(slot, at: start)
            return
        }
        enqueue(slot, margin: live - segment.k, rank: rank, &state)
    }

    // MARK: - Too many pieces

    /// Gives way with an own piece that an earlier-made one makes needless, once that has lasted.
    private mutating func evaluateSurplus(
        _ slot: Slot,
        _ segment: SegmentIndex.Segment,
        now: Instant,
        _ effects: inout [SegmentRepairEffect]
    ) {
        let surplus = segment.holders.filter { own in own.node == 0 && hasEarlierTwin(own, in: segment, now: now) }
        guard !surplus.isEmpty else {
            if work[slot]?.surplusSince != nil { work[slot]?.surplusSince = nil }
            return
        }
        let since = work[slot]?.surplusSince ?? now
        guard now >= since + settings.surplusGrace else {
            work[slot, default: Work()].surplusSince = since
            deadlines.set(slot, at: since + settings.surplusGrace)
            return
        }
        work[slot]?.surplusSince = nil
        for own in surplus {
            effects.append(.withdraw(segment.id, index: Int(own.index)))
            removeOwn(own.index, of: slot, now: now, &effects)
        }
    }

    private func hasEarlierTwin(
        _ own: SegmentIndex.Holder,
        in segment: SegmentIndex.Segment,
        now: Instant
    ) -> Bool {
        segment.holders.contains { twin in
            guard twin.index == own.index, twin.node != 0, twin.until > now, index.nodes[Int(twin.node)].isAlive else {
                return false
            }
            if twin.made != own.made { return twin.made < own.made }
            return place(of: twin.node, in: segment) < place(of: 0, in: segment)
        }
    }

    // MARK: - Bookkeeping

    mutating func mark(_ slot: Slot) {
        guard let segment = index[slot], !segment.isMarked else { return }
        index.update(slot) { $0.isMarked = true }
        if segment.strength.live < segment.endangeredBelow { urgent.append(slot) } else { marked.append(slot) }
    }

    /// Nodes have room that they did not have: what is owed may become repairable.
    mutating func markOwing() {
        for slot in owing.sorted() { mark(slot) }
    }

    /// Brings a segment's share of the totals up to date; marks it when it has become endangered.
    mutating func recount(_ slot: Slot, target: Int? = nil, now: Instant) {
        guard let segment = index[slot] else { return }
        var share = SegmentStrength()
        if !segment.isGone {
            share.live = livePieces(of: segment, now: now).count
            share.target = max(target ?? segment.strength.target, share.live)
            share.wanted = segment.n
        }
        apply(share, instead: segment.strength)
        index.update(slot) { $0.strength = share }
        if !segment.isGone, share.live < segment.endangeredBelow {
            if endangered.insert(slot).inserted || share.live < segment.strength.live { mark(slot) }
        } else {
            endangered.remove(slot)
        }
    }

    private mutating func apply(_ share: SegmentStrength, instead former: SegmentStrength) {
        strength.live += share.live - former.live
        strength.target += share.target - former.target
        strength.wanted += share.wanted - former.wanted
    }

    /// The number of a node that states something; one that is not alive counts for a while.
    mutating func number(of member: NodeID, now: Instant) -> Int32? {
        guard let number = index.node(member, now: now) else { return nil }
        let state = index.nodes[Int(number)]
        let lostAt = state.silentSince + settings.grace
        if !state.isAlive, lostAt > now { losses.set(number, at: lostAt) }
        return number
    }

    /// An own piece is no more; without any the segment is none of this node's business.
    mutating func removeOwn(_ piece: UInt8, of slot: Slot, now: Instant, _ effects: inout [SegmentRepairEffect]) {
        index.removeHolder(piece, on: 0, of: slot)
        guard let segment = index[slot], !segment.isGone else { return }
        if segment.holders.contains(where: { $0.node == 0 }) {
            recount(slot, now: now)
            mark(slot)
        } else {
            forget(slot, now: now, &effects)
        }
    }

    mutating func stopWork(_ slot: Slot, _ effects: inout [SegmentRepairEffect]) {
        work[slot] = nil
        owing.remove(slot)
        if flights.removeValue(forKey: slot) != nil, let segment = index[slot] { effects.append(.cancel(segment.id)) }
    }

    private mutating func forget(_ slot: Slot, now: Instant, _ effects: inout [SegmentRepairEffect]) {
        stopWork(slot, &effects)
        if let segment = index[slot] { apply(SegmentStrength(), instead: segment.strength) }
        endangered.remove(slot)
        index.remove(slot)
    }
}
