import Core
import Placement

/// The holders of one site as they count for repair.
struct HolderCensus {
    /// Living holders of the current content.
    var live: [NodeID] = []
    var liveOperators = 0
    /// The living, and those that are given more time.
    var counted: [NodeID] = []
    var countedOperators = 0
    /// When the next of those runs out of time.
    var nextLoss: Instant?
    /// How long a silent one counts.
    var delay: Duration
}

extension RepairMachine {
    /// Looks at one site anew and does what is due; anything that could matter later leaves a deadline behind.
    mutating func evaluate(_ publisher: PublisherID, now: Instant, _ effects: inout [RepairEffect]) {
        if let publication = index.publication(of: publisher), publication.isPublished, publication.leaseEnd > now {
            if let site = held[publisher] {
                evaluateHeld(site, publication, now: now, &effects)
            } else {
                evaluateLack(publication, now: now, &effects)
            }
        } else {
            retire(publisher, now: now, &effects)
        }
        if work[publisher]?.isIdle == true { work[publisher] = nil }
    }

    /// A site without a publication in force: unpublished, past its lease, or not known (yet).
    private mutating func retire(_ publisher: PublisherID, now: Instant, _ effects: inout [RepairEffect]) {
        callOff(publisher, &effects)
        work[publisher] = nil
        guard let site = held[publisher] else { return }
        guard hasEnded(site, now: now) else {
            deadlines.set(
                publisher,
                at: (index.publication(of: publisher)?.leaseEnd ?? site.leaseEnd) + settings.leaseSlack
            )
            return
        }
        if let publication = index.publication(of: publisher) { withdrawStatement(publication, now: now, &effects) }
        held[publisher] = nil
        effects.append(.release(publisher))
    }

    func census(of publication: Publication, now: Instant) -> HolderCensus {
        guard let site = index.sites[publication.publisher] else { return HolderCensus(delay: settings.repairDelay) }
        let live = index.liveHolders(in: site)
        var census = HolderCensus(live: live, liveOperators: index.operatorCount(of: live), delay: .zero)
        census.delay = settings.delay(urgent: census.liveOperators <= 1)
        for statement in site.statements.values where statement.holding.state == .holding {
            guard let member = index.members[statement.holding.node] else { continue }
            let isCurrent = statement.holding.sequence >= publication.contentSequence
            if member.isLive, isCurrent {
                census.counted.append(statement.holding.node)
                continue
            }
            var lostAt =
                member.isLive
                ? site.contentSeen + settings.transferTime(of: publication.byteCount)
                : max(member.since, statement.seen)
            lostAt = lostAt + census.delay
            guard now < lostAt else { continue }
            census.counted.append(statement.holding.node)
            census.nextLoss = min(census.nextLoss ?? lostAt, lostAt)
        }
        census.countedOperators = index.operatorCount(of: census.counted)
        return census
    }

    // MARK: - A site that is not held here

    private mutating func evaluateLack(_ publication: Publication, now: Instant, _ effects: inout [RepairEffect]) {
        let publisher = publication.publisher
        withdrawStatement(publication, now: now, &effects)
        let census = census(of: publication, now: now)
        var state = work[publisher] ?? Work()
        defer { work[publisher] = state }
        guard census.countedOperators < publication.copies else {
            state = Work()
            if case .repair = flights[publisher]?.purpose { callOff(publisher, &effects) }
            if let loss = census.nextLoss { deadlines.set(publisher, at: loss) }
            return
        }
        // Whoever publishes is still placing a new content; repair starts when that had its time.
        let settled =
            (index.sites[publisher]?.contentSeen ?? now) + census.delay
            + settings.transferTime(of: publication.byteCount)
        guard now >= settled else {
            deadlines.set(publisher, at: settled)
            return
        }
        let lackSince = state.lackSince ?? now
        state.lackSince = lackSince
        let recheck = now + settings.recheckInterval
        deadlines.set(publisher, at: min(recheck, census.nextLoss ?? recheck))
        if let flight = flights[publisher] {
            if case .repair = flight.purpose, isOperatorCovered(census) { callOff(publisher, &effects) }
            return
        }
        guard let wait = turn(publication, census) else {
            state.queued = nil
            return
        }
        let start = max(lackSince + wait, state.retryAt ?? .distantPast)
        guard now >= start else {
            state.queued = nil
            deadlines.set(publisher, at: start)
            return
        }
        enqueue(publisher, .repair, liveCount: census.liveOperators, &state)
    }

    /// How long this node waits before it copies; `nil` when it is not its turn at all.
    private func turn(_ publication: Publication, _ census: HolderCensus) -> Duration? {
        guard census.countedOperators < index.candidates.operatorCount else { return nil }
        let placement = index.candidates.place(
            PlacementKey(publication.publisher.bytes),
            count: publication.copies,
            keeping: census.counted,
            reserves: settings.reservesMax,
            weightMin: publication.byteCount
        )
        if placement.added.contains(node) { return .zero }
        guard let rank = placement.reserves.firstIndex(of: node) else { return nil }
        return (settings.rankStep + settings.transferTime(of: publication.byteCount)) * (rank + 1)
    }

    /// Whether another node of this node's operator has a copy.
    private func isOperatorCovered(_ census: HolderCensus) -> Bool {
        index.operatorCount(of: census.counted + [node]) == census.countedOperators
    }

    /// A statement of ours that is not true any more, such as after the disk was lost.
    private mutating func withdrawStatement(
        _ publication: Publication,
        now: Instant,
        _ effects: inout [RepairEffect]
    ) {
        guard let own = index.statement(of: node, on: publication.publisher), own.state == .holding else { return }
        state(.withdrawn, publication, sequence: own.sequence, now: now, &effects)
    }

    // MARK: - A site that is held here

    private mutating func evaluateHeld(
        _ site: HeldSite,
        _ publication: Publication,
        now: Instant,
        _ effects: inout [RepairEffect]
    ) {
        let publisher = publication.publisher
        guard publication.sequence >= site.sequence else {  // imported here, its record is on the way
            guard hasEnded(site, now: now) else {
                deadlines.set(publisher, at: site.leaseEnd + settings.leaseSlack)
                return
            }
            held[publisher] = nil
            effects.append(.release(publisher))
            return
        }
        let census = census(of: publication, now: now)
        if let releaseAt = work[publisher]?.releaseAt {
            guard isNeededAgain(publication, census) else {
                if now >= releaseAt {
                    held[publisher] = nil
                    work[publisher] = nil
                    effects.append(.release(publisher))
                } else {
                    deadlines.set(publisher, at: releaseAt)
                }
                return
            }
            work[publisher]?.releaseAt = nil
        }
        guard site.sequence >= publication.contentSequence else {
            evaluateOutdated(site, publication, census, now: now, &effects)
            return
        }
        refresh(site, publication, now: now, &effects)
        guard index.candidates.weight(of: node) > 0 || !site.isOwn else {
            withdrawStatement(publication, now: now, &effects)  // its publisher's copy, but no copy for the mesh
            return
        }
        let own = index.statement(of: node, on: publisher)
        if own?.state != .holding || own?.until != publication.leaseEnd || own?.isOrigin != site.isOwn
            || own.map({ $0.sequence < publication.contentSequence }) ?? true
        {
            state(.holding, publication, sequence: publication.sequence, now: now, &effects)
        }
        evaluateSurplus(publication, now: now, &effects)
    }

    /// A withdrawn copy that is not freed yet is the cheapest replacement for a lost one.
    private func isNeededAgain(_ publication: Publication, _ census: HolderCensus) -> Bool {
        census.countedOperators < publication.copies && !isOperatorCovered(census)
    }

    private mutating func evaluateOutdated(
        _ site: HeldSite,
        _ publication: Publication,
        _ census: HolderCensus,
        now: Instant,
        _ effects: inout [RepairEffect]
    ) {
        let publisher = publication.publisher
        var state = work[publisher] ?? Work()
        let others = index.operatorCount(of: census.live.filter { $0 != node })
        let isSurplus = !site.isOwn && others >= min(publication.copies, index.candidates.operatorCount)
        guard !isSurplus else {
            state.queued = nil
            work[publisher] = state
            if case .update = flights[publisher]?.purpose { callOff(publisher, &effects) }
            retreat(publication, after: settings.surplusGrace, now: now, &effects)
            return
        }
        state.surplusSince = nil
        defer { work[publisher] = state }
        guard flights[publisher] == nil else { return }
        let start = state.retryAt ?? now
        guard now >= start else {
            deadlines.set(publisher, at: start)
            return
        }
        enqueue(publisher, .update, liveCount: census.liveOperators, &state)
    }

    /// Follows renewals and lets versions go that have aged out.
    private mutating func refresh(
        _ site: HeldSite,
        _ publication: Publication,
        now: Instant,
        _ effects: inout [RepairEffect]
    ) {
        var site = site
        site.sequence = publication.sequence
        site.leaseEnd = publication.leaseEnd
        site.roots = publication.retainedRoots(at: now)
        if held[site.publisher] != site {
            held[site.publisher] = site
            effects.append(.retain(site))
        }
        if let ageing = SiteVersion.nextAgeing(of: publication.versions, after: now) {
            deadlines.set(site.publisher, at: ageing)
        }
    }

    // MARK: - Too many copies

    private mutating func evaluateSurplus(_ publication: Publication, now: Instant, _ effects: inout [RepairEffect]) {
        let publisher = publication.publisher
        guard let site = index.sites[publisher] else { return }
        let holders = index.liveHolders(in: site).filter { index.members[$0]?.liveness == .alive }
        var leaving: [NodeID] = []
        if holders.count > min(publication.copies, index.operatorCount(of: holders)) {
            let origins = holders.filter { holder in
                site.statements[holder]?.holding.isOrigin == true
                    && index.members[holder]?.candidate.operator == publication.sponsor
            }
            let kept = index.candidates.place(
                PlacementKey(publisher.bytes),
                count: publication.copies,
                firstly: origins,
                keeping: holders,
                adding: false
            ).kept
            leaving = holders.filter { !kept.contains($0) }.sorted()
        }
        guard let position = leaving.firstIndex(of: node) else {
            work[publisher]?.surplusSince = nil
            return
        }
        retreat(publication, after: settings.surplusGrace + settings.rankStep * position, now: now, &effects)
    }

    /// Withdraws this node's copy once it has been too many for `grace`.
    private mutating func retreat(
        _ publication: Publication,
        after grace: Duration,
        now: Instant,
        _ effects: inout [RepairEffect]
    ) {
        let publisher = publication.publisher
        var state = work[publisher] ?? Work()
        let since = state.surplusSince ?? now
        state.surplusSince = since
        if now >= since + grace {
            state.surplusSince = nil
            state.releaseAt = now + settings.releaseDelay
            deadlines.set(publisher, at: now + settings.releaseDelay)
            withdrawStatement(publication, now: now, &effects)
        } else {
            deadlines.set(publisher, at: since + grace)
        }
        work[publisher] = state
    }

    /// Makes a statement: for the mesh as an effect, for this node at once.
    private mutating func state(
        _ state: Holding.State,
        _ publication: Publication,
        sequence: UInt64,
        now: Instant,
        _ effects: inout [RepairEffect]
    ) {
        let previous = index.statement(of: node, on: publication.publisher)?.version ?? 0
        let holding = Holding(
            mesh: publication.mesh,
            node: node,
            publisher: publication.publisher,
            sequence: sequence,
            state: state,
            isOrigin: held[publication.publisher]?.isOwn ?? false,
            until: publication.leaseEnd,
            version: Publication.nextSequence(after: previous, now: now)
        )
        index.apply(holding, now: now)
        effects.append(.state(holding))
    }
}
