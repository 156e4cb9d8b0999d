import Core

/// What the overlay has to do at which time.
struct OverlayState: Sendable {
    var view = ActiveView()
    var tree = BroadcastTree()
    /// Whom this node asked to be its neighbour.
    var asked: NodeID?
    /// Changes of members that the neighbours have not been told yet.
    var news: [StatusUpdate] = []
    var nextNews: Instant?
    var nextLink: Instant
    var nextRollCall: Instant
    /// How long until who is alive is asked again; doubles each time.
    var rollCallDelay = rollCallDelayMin
    /// Whom this node asked who is alive.
    var rollCallee: NodeID?
    /// Until when each neighbour is not told again who is alive.
    var rollAnswered: [NodeID: Instant] = [:]
    /// How often in a row a wish was refused.
    var refusals = 0
    /// Until then nobody who is in a hurry takes another one's place.
    var nextEviction = Instant.distantPast

    /// Changes that wait for their message; more travel on the back of probes only.
    static let newsMax = 4_096
    /// The first question may come before the directory did; who then stays unheard will hardly be heard of soon.
    static let rollCallDelayMin = Duration.milliseconds(500)
    static let rollCallDelayMax = Duration.seconds(600)
    /// Refusals in a row after which the next wish waits, and how long it waits at most.
    static let refusalsAtOnce = 4
    static let refusalDelayMax = Duration.seconds(30)
    /// How far apart evictions are: one member could otherwise push out all links that others asked for.
    static let evictionPeriod = Duration.seconds(5)
}

/// Links between neighbours: asked for, granted, given up.
extension MeshMachine {
    /// Whether the mesh is large enough to need neighbours; in a smaller one everybody deals with everybody.
    var hasOverlay: Bool { parameters.overlay == .tree && observations.count > ActiveView.linksMax }

    /// The members that this node deals with all the time; all of them in a small mesh.
    public var neighbours: [NodeID] { hasOverlay ? overlay.view.nodes : observations.sorted }

    var nextOverlayWake: Instant {
        guard hasOverlay else { return nextComparison }
        var next = min(nextComparison, overlay.nextNews ?? nextComparison)
        next = min(next, overlay.tree.nextAnnouncements ?? next, overlay.tree.nextGraft ?? next)
        if overlay.view.lacksOwn { next = min(next, overlay.nextLink) }
        if observations.unheardCount > 0, !overlay.view.links.isEmpty { next = min(next, overlay.nextRollCall) }
        return next
    }

    mutating func tickOverlay(now: Instant, using rng: inout some RandomNumberGenerator, effects: inout [MeshEffect]) {
        guard hasOverlay else { return }
        if overlay.view.lacksOwn, now >= overlay.nextLink { askForLink(now: now, using: &rng, effects: &effects) }
        if let due = overlay.nextNews, now >= due { tellNews(now: now, effects: &effects) }
        if let due = overlay.tree.nextAnnouncements, now >= due { announceRecords(now: now, effects: &effects) }
        if let due = overlay.tree.nextGraft, now >= due { graft(now: now, effects: &effects) }
        if observations.unheardCount > 0, now >= overlay.nextRollCall {
            callRoll(now: now, using: &rng, effects: &effects)
        }
    }

    /// Asks a random member to be a neighbour.
    private mutating func askForLink(
        now: Instant,
        using rng: inout some RandomNumberGenerator,
        effects: inout [MeshEffect]
    ) {
        overlay.nextLink = now + parameters.linkRetryPeriod
        overlay.asked = observations.random(using: &rng) { id, observation in
            guard observation.status == .alive, !overlay.view.contains(id), let record = directory.node(id),
                allowsLink(to: id, of: record.operator, isOwn: true)
            else { return false }
            return record.claims.locators.contains { $0.type == "tcp" }
        }
        guard let asked = overlay.asked else {
            // All members were gone through: not again soon.
            overlay.nextLink = now + parameters.antiEntropyPeriod
            return
        }
        let wish: LinkWish = overlay.view.links.isEmpty ? .urgent : .plain
        send(.ping(sequence: 0, wish: wish), to: asked, now: now, effects: &effects)
    }

    /// A probe that asks to be, or to stay, a neighbour.
    ///
    /// - Returns: Whether the sender is one now.
    mutating func grantLink(
        _ wish: LinkWish?,
        to peer: NodeID,
        now: Instant,
        using rng: inout some RandomNumberGenerator,
        effects: inout [MeshEffect]
    ) -> Bool {
        guard let wish, hasOverlay else { return false }
        guard !overlay.view.contains(peer) else { return true }
        guard let owner = directory.node(peer)?.operator, observations[peer] != nil,
            allowsLink(to: peer, of: owner, isOwn: false)
        else { return false }
        if !overlay.view.lacksGranted {
            guard wish == .urgent, now >= overlay.nextEviction, let evicted = overlay.view.evict(using: &rng) else {
                return false
            }
            overlay.nextEviction = now + OverlayState.evictionPeriod
            send(.unlink, to: evicted, now: now, effects: &effects)
        }
        overlay.view.add(peer, owner, network(of: peer), isOwn: false)
        return true
    }

    /// The answer to a wish.
    mutating func linkAnswered(_ isLinked: Bool, by peer: NodeID, now: Instant, effects: inout [MeshEffect]) {
        guard hasOverlay else { return }
        let wasAsked = overlay.asked == peer
        if wasAsked { overlay.asked = nil }
        if !isLinked {
            overlay.view.remove(peer)
            if wasAsked { overlay.nextLink = now + refusalDelay() }
        } else if !overlay.view.contains(peer) {
            // Others may have become neighbours since it was asked.
            guard wasAsked, overlay.view.lacksOwn, let owner = directory.node(peer)?.operator,
                allowsLink(to: peer, of: owner, isOwn: true)
            else {
                send(.unlink, to: peer, now: now, effects: &effects)
                return
            }
            overlay.view.add(peer, owner, network(of: peer), isOwn: true)
            overlay.refusals = 0
            // What was announced before they were neighbours.
            send(.summary(directory.summary.buckets), to: peer, now: now, effects: &effects)
            // One that had nobody is in a hurry.
            if overlay.view.links.count == 1 { overlay.nextRollCall = now }
            overlay.nextLink = min(overlay.nextLink, now)
        }
    }

    /// Whether a view that is diverse enough stays so with this link.
    private func allowsLink(to peer: NodeID, of owner: OperatorID, isOwn: Bool) -> Bool {
        let share = (nodes: directory.nodeCount(of: owner), of: directory.nodeCount)
        return overlay.view.allows(owner, operators: directory.operatorCount, share: share)
            && overlay.view.allows(network(of: peer), isOwn: isOwn, networks: directory.networkCount)
    }

    /// A wish was refused: some at once are asked next, then fewer and fewer.
    private mutating func refusalDelay() -> Duration {
        overlay.refusals += 1
        guard overlay.refusals > OverlayState.refusalsAtOnce else { return .zero }
        let doublings = min(overlay.refusals - OverlayState.refusalsAtOnce, 6)
        return min(parameters.linkRetryPeriod * (1 << doublings), OverlayState.refusalDelayMax)
    }

    /// Where a member is: as seen when it connected, or where it says that it can be reached.
    private func network(of id: NodeID) -> NetworkPrefix? {
        observations[id]?.address.flatMap { NetworkPrefix(address: $0) } ?? directory.node(id)?.network
    }

    // MARK: - News

    /// News about a member: goes to the neighbours at once, and on the back of other messages.
    mutating func tell(_ update: StatusUpdate, now: Instant) {
        updates.add(update)
        guard hasOverlay, overlay.news.count < OverlayState.newsMax else { return }
        overlay.news.append(update)
        if overlay.nextNews == nil { overlay.nextNews = now + parameters.newsDelay }
    }

    private mutating func tellNews(now: Instant, effects: inout [MeshEffect]) {
        let news = overlay.news
        (overlay.news, overlay.nextNews) = ([], nil)
        for start in stride(from: 0, to: news.count, by: MeshLimits.updatesPerMessageMax) {
            let part = Array(news[start..<min(start + MeshLimits.updatesPerMessageMax, news.count)])
            for neighbour in overlay.view.eager {
                send(.news, to: neighbour, updates: part, now: now, effects: &effects)
            }
        }
    }

    /// Somebody says that a neighbour may be dead: tells it at once, so that it can refute.
    ///
    /// All its neighbours do, each along a path of its own (Lifeguard's buddy system, section IV-C, by those who know it
    /// best); the accuser does in any case.
    mutating func warn(_ member: NodeID, _ update: StatusUpdate, now: Instant, effects: inout [MeshEffect]) {
        guard hasOverlay else { return }
        let wish: LinkWish? = overlay.view.contains(member) ? .plain : nil
        send(.ping(sequence: 0, wish: wish), to: member, updates: [update], now: now, effects: &effects)
    }

    // MARK: - Who is alive

    /// Asks a neighbour who is alive: a node that just started has heard of nobody.
    private mutating func callRoll(
        now: Instant,
        using rng: inout some RandomNumberGenerator,
        effects: inout [MeshEffect]
    ) {
        guard let neighbour = overlay.view.nodes.randomElement(using: &rng) else { return }
        overlay.nextRollCall = now + overlay.rollCallDelay
        overlay.rollCallDelay = min(overlay.rollCallDelay * 2, OverlayState.rollCallDelayMax)
        overlay.rollCallee = neighbour
        send(.rollCall, to: neighbour, now: now, effects: &effects)
    }

    mutating func answerRollCall(of peer: NodeID, now: Instant, effects: inout [MeshEffect]) {
        guard hasOverlay, overlay.view.contains(peer), now >= overlay.rollAnswered[peer] ?? .distantPast else { return }
        overlay.rollAnswered = overlay.rollAnswered.filter { overlay.view.contains($0.key) }
        overlay.rollAnswered[peer] = now + OverlayState.rollCallDelayMin
        let alive = observations.sorted.filter { observations.status($0) == .alive && $0 != peer }
        let hashes = alive.prefix(MeshMessage.itemsMax).map { RecordSummary.hash(of: NodeRecord.key(of: $0)) }
        send(.alive(hashes), to: peer, now: now, effects: &effects)
    }

    /// Believes a neighbour that was asked about those of whom nothing else is known.
    mutating func handleRoll(_ alive: [UInt64], from peer: NodeID, now: Instant, effects: inout [MeshEffect]) {
        guard overlay.rollCallee == peer else { return }
        overlay.rollCallee = nil
        for hash in alive {
            guard let id = directory.entry(hash: hash)?.node?.node, var known = observations[id],
                known.status == .unheard
            else { continue }
            known.status = .alive
            known.since = now
            observations[id] = known
            effects.append(.memberChanged(id))
        }
    }
}
