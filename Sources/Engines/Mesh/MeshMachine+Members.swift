import Core

extension MeshMachine {
    /// Who is probed, and how patiently.
    var probeScope: ProbeMachine.Scope? {
        hasOverlay ? .init(neighbours: overlay.view.nodes, memberCount: observations.count) : nil
    }

    /// A message came from this member itself: it lives, whatever others say.
    mutating func heard(
        from peer: NodeID,
        incarnation: UInt64,
        address: String?,
        now: Instant,
        effects: inout [MeshEffect]
    ) {
        guard let before = observations[peer] else { return }
        var known = before
        probes.handleHeard(peer)
        if let address { known.address = address }
        let wasDown = known.status == .dead || known.status == .suspect
        if wasDown, incarnation <= known.incarnation {
            // It does not know what is said about it: tell it, so that it refutes with a higher incarnation.
            let believed = StatusUpdate(node: peer, status: known.status, incarnation: known.incarnation)
            tell(believed, now: now)
            warn(peer, believed, now: now, effects: &effects)
        }
        let changed = known.status != .alive
        if changed { known.since = now }
        known.status = .alive
        known.incarnation = max(known.incarnation, incarnation)
        if known != before { observations[peer] = known }
        guard changed else { return }
        tell(StatusUpdate(node: peer, status: .alive, incarnation: known.incarnation), now: now)
        effects.append(.memberChanged(peer))
    }

    /// News about a member from somebody else.
    mutating func learn(_ update: StatusUpdate, now: Instant, effects: inout [MeshEffect]) {
        // An incarnation is a time; one from far ahead could never be refuted.
        let latest = UInt64(clamping: (meshNow(now) + parameters.clockTolerance * 1_000).milliseconds)
        guard update.incarnation <= latest else {
            counters.outOfTime += 1
            return
        }
        guard update.node != node else {
            if update.status != .alive, update.incarnation >= incarnation {
                incarnation = max(update.incarnation &+ 1, UInt64(clamping: now.milliseconds))
                probes.handleAccused()
                tell(StatusUpdate(node: node, status: .alive, incarnation: incarnation), now: now)
            }
            return
        }
        guard let known = observations[update.node], update.overrides(known) else { return }
        let incarnation = update.incarnation
        if hasOverlay, update.status == .dead, known.status == .alive || !probes.isRipe(update.node, now: now) {
            // Time to refute comes first.
            guard known.status != .suspect || incarnation > known.incarnation else { return }
            change(update.node, to: .suspect, incarnation: incarnation, isOwn: false, now: now, effects: &effects)
            return
        }
        change(update.node, to: update.status, incarnation: incarnation, isOwn: false, now: now, effects: &effects)
    }

    func observed(_ effect: ProbeMachine.Effect) -> (NodeID, MemberStatus)? {
        switch effect {
        case .suspect(let node): (node, .suspect)
        case .dead(let node): (node, .dead)
        case .ping, .pingRequest: nil
        }
    }

    mutating func perform(_ found: [ProbeMachine.Effect], now: Instant, effects: inout [MeshEffect]) {
        for effect in found {
            switch effect {
            case .ping(let target, let sequence):
                let wish: LinkWish? = hasOverlay && overlay.view.contains(target) ? .plain : nil
                send(.ping(sequence: sequence, wish: wish), to: target, now: now, effects: &effects)
            case .pingRequest(let through, let target, let sequence):
                send(.pingRequest(sequence: sequence, target: target), to: through, now: now, effects: &effects)
            case .suspect(let member), .dead(let member):
                guard let known = observations[member], let (_, status) = observed(effect),
                    known.status == .alive || known.status == .unheard || status == .dead && known.status == .suspect
                else { continue }
                change(member, to: status, incarnation: known.incarnation, isOwn: true, now: now, effects: &effects)
            }
        }
    }

    private mutating func change(
        _ member: NodeID,
        to status: MemberStatus,
        incarnation: UInt64,
        isOwn: Bool,
        now: Instant,
        effects: inout [MeshEffect]
    ) {
        guard var known = observations[member] else { return }
        let before = known.status
        known.incarnation = incarnation
        // What was never heard of is not suspected: it is dead until it speaks.
        known.status = before == .unheard && status == .suspect ? .dead : status
        if known.status != before { known.since = now }
        observations[member] = known
        let update = StatusUpdate(node: member, status: known.status, incarnation: incarnation)
        tell(update, now: now)
        switch known.status {
        case .suspect:
            probes.handleSuspected(member, isOwn: isOwn, now: now)
            if isOwn || overlay.view.contains(member) { warn(member, update, now: now, effects: &effects) }
        case .alive: probes.handleHeard(member)
        case .dead:
            if before != .dead { counters.deaths += 1 }
            overlay.view.remove(member)
        case .unheard: break
        }
        if known.status != before { effects.append(.memberChanged(member)) }
    }

    /// A record that its node signed a moment ago shows that the node lived then.
    mutating func welcome(_ record: NodeRecord, now: Instant, effects: inout [MeshEffect]) {
        guard record.node != node, var known = observations[record.node], known.status != .alive,
            record.issued + parameters.freshness > now
        else { return }
        guard known.status == .unheard || record.issued > known.since + clocks.offset else { return }
        known.status = .alive
        known.since = now - clocks.offset
        observations[record.node] = known
        effects.append(.memberChanged(record.node))
    }
}
