import Core
import Placement

extension SegmentRepairMachine {
    /// Queues a rebuild, or moves it when its urgency has changed.
    mutating func enqueue(_ slot: Slot, margin: Int, rank: Int, _ state: inout Work) {
        if let queued = state.queued, queued.margin == margin, queued.rank == rank { return }
        serial += 1
        let entry = Ready(margin: margin, rank: rank, serial: serial, slot: slot)
        state.queued = entry
        ready.insert(entry)
        guard ready.count > 2 * work.count + 64 else { return }
        ready.keep { $0.serial == entry.serial || work[$0.slot]?.queued?.serial == $0.serial }
    }

    /// Starts queued rebuilds, the most endangered first, as far as the limits allow.
    ///
    /// - Returns: When the budget allows the next one, if that is what they wait for.
    mutating func startRebuilds(now: Instant, _ effects: inout [SegmentRepairEffect]) -> Instant? {
        while flights.count < settings.rebuildsInFlightMax, let next = ready.first {
            guard work[next.slot]?.queued?.serial == next.serial, let segment = index[next.slot] else {
                _ = ready.popFirst()  // overtaken by events
                continue
            }
            let budgetAt = budget.ready(now: now)
            guard budgetAt <= now else { return budgetAt }
            _ = ready.popFirst()
            work[next.slot]?.queued = nil
            start(next.slot, segment, now: now, &effects)
        }
        return nil
    }

    private mutating func start(
        _ slot: Slot,
        _ segment: SegmentIndex.Segment,
        now: Instant,
        _ effects: inout [SegmentRepairEffect]
    ) {
        let census = census(of: segment, now: now)
        guard segment.leaseEnd > now, !segment.isGone, flights[slot] == nil, census.live.count >= segment.k else {
            return
        }
        let missing = census.counted.missing(of: segment.n)
        guard !missing.isEmpty else { return }
        let targets = targets(for: missing.count, slot, segment, census, now: now)
        guard !targets.isEmpty else {
            let retryAt = work[slot]?.refusals.values.map(\.again).filter { $0 > now }.min() ?? now + settings.retryMax
            work[slot, default: Work()].retryAt = retryAt
            deadlines.set(slot, at: retryAt)
            return
        }
        let indexes = Array(missing.prefix(targets.count))
        let own = segment.holders.count { $0.node == 0 }
        let moved = UInt64(max(segment.k - own, 0) + targets.count)
        budget.spend(moved.multipliedReportingOverflow(by: segment.pieceBytes).partialValue)
        flights[slot] = Flight(pending: Dictionary(uniqueKeysWithValues: zip(indexes, targets)))
        effects.append(.rebuild(segment.id, indexes: indexes, targets: targets))
    }

    /// Where the missing pieces shall lie; everybody who knows the same computes the same.
    ///
    /// Who refused is asked again only where nobody else is left: most had too much to do, or took the piece from another.
    private mutating func targets(
        for missingCount: Int,
        _ slot: Slot,
        _ segment: SegmentIndex.Segment,
        _ census: PieceCensus,
        now: Instant
    ) -> [NodeID] {
        func place(without refusers: some Collection<NodeID>) -> [NodeID] {
            let placement = candidates.placePieces(
                segment.key,
                count: census.countedNodes.count + missingCount,
                perDomainMax: segment.n - segment.k,
                keeping: census.countedNodes,
                weightMin: segment.pieceBytes,
                excluding: index.unavailable.union(refusers)
            )
            return Array(placement.added.prefix(missingCount))
        }
        guard let refusals = work[slot]?.refusals.filter({ $0.value.until > now }), !refusals.isEmpty else {
            work[slot]?.refusals = [:]
            return place(without: [])
        }
        work[slot]?.refusals = refusals
        let others = place(without: refusals.keys)
        return others.isEmpty ? place(without: refusals.filter { $0.value.again > now }.keys) : others
    }

    /// A piece is on its target: the flight that was to make it has one less to do.
    mutating func settle(_ slot: Slot, _ piece: Int, on target: NodeID) {
        guard flights[slot]?.pending[piece] == target else { return }  // made elsewhere: see `evaluateLack`
        flights[slot]?.pending[piece] = nil
        guard flights[slot]?.pending.isEmpty == true else { return }
        flights[slot] = nil
        work[slot]?.failures = 0
        work[slot]?.retryAt = nil
        mark(slot)
    }

    // MARK: - Turning the crank

    mutating func advance(_ now: Instant, _ earlier: [SegmentRepairEffect]) -> [SegmentRepairEffect] {
        var effects = earlier
        while let number = losses.popDue(at: now) {
            guard !index.nodes[Int(number)].isAlive else { continue }
            let lostAt = index.nodes[Int(number)].silentSince + settings.grace
            if lostAt > now { losses.set(number, at: lostAt) } else { index.segments(of: number).forEach { mark($0) } }
        }
        while let slot = deadlines.popDue(at: now) { mark(slot) }
        var evaluations = 0
        while evaluations < SegmentRepairSettings.evaluationsMax, let slot = urgent.popFirst() ?? marked.popFirst() {
            index.update(slot) { $0.isMarked = false }
            evaluate(slot, now: now, &effects)
            evaluations += 1
        }
        let budgetAt = startRebuilds(now: now, &effects)
        let isBehind = !urgent.isEmpty || !marked.isEmpty
        let next = [isBehind ? now : nil, deadlines.next, losses.next, budgetAt].compactMap(\.self).min()
        if let next, wakeAt.map({ $0 <= now || next < $0 }) ?? true {
            wakeAt = max(next, now)
            effects.append(.wake(at: max(next, now)))
        }
        return effects
    }
}

extension SegmentRepairMachine {
    // MARK: - Questions

    /// Segments of which this node holds a piece, and removed ones that silent holders still have to learn.
    public var segmentCount: Int { index.segmentCount }

    /// Segments that are being rebuilt by this node.
    public var rebuildsInFlight: Int { flights.count }

    /// How one segment stands; `nil` when no piece of it is held here.
    public func strength(of segment: Digest) -> SegmentStrength? {
        guard let slot = index.slot(of: segment), let state = index[slot], !state.isGone else { return nil }
        return state.strength
    }

    /// Segments with fewer than k + ⌈n/4⌉ pieces on living nodes, the most endangered first.
    public func atRisk(limit: Int = 100) -> [(segment: Digest, k: Int, strength: SegmentStrength)] {
        let segments = endangered.sorted().compactMap { index[$0] }
        let order = segments.sorted { $0.strength.live - $0.k < $1.strength.live - $1.k }
        return order.prefix(max(limit, 0)).map { ($0.id, $0.k, $0.strength) }
    }
}
