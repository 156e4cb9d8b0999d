import Core

/// Probes, comparison of records, and joining: what is said in messages and what is answered.
extension MeshMachine {
    mutating func handle(
        _ body: MeshMessage.Body,
        from peer: NodeID,
        now: Instant,
        using rng: inout some RandomNumberGenerator,
        effects: inout [MeshEffect]
    ) {
        switch body {
        case .news: break
        case .ping(let sequence, let wish):
            let isLinked = grantLink(wish, to: peer, now: now, using: &rng, effects: &effects)
            let answer = MeshMessage.Body.ack(sequence: sequence, about: node, isLinked: wish == nil ? nil : isLinked)
            send(answer, to: peer, now: now, effects: &effects)
        case .pingRequest(let sequence, let target):
            relayProbe(sequence, of: target, for: peer, now: now, effects: &effects)
        case .ack(let sequence, let about, let isLinked):
            if let isLinked, about == peer { linkAnswered(isLinked, by: peer, now: now, effects: &effects) }
            handleAck(sequence, about: about, from: peer, now: now, effects: &effects)
        case .records(let records, let alongTree):
            accept(records, from: peer, alongTree: alongTree, now: now, using: &rng, effects: &effects)
        case .summary(let buckets):
            handleSummary(buckets, from: peer, now: now, effects: &effects)
        case .inventory(let buckets, let entries):
            handleInventory(buckets, entries, from: peer, now: now, effects: &effects)
        case .want(let hashes):
            overlay.view.set(peer, isEager: true)
            let records = Set(hashes).compactMap { directory.entry(hash: $0) }
            answer(records, to: peer, now: now, effects: &effects)
        case .unlink: overlay.view.remove(peer)
        case .prune: overlay.view.set(peer, isEager: false)
        case .rollCall: answerRollCall(of: peer, now: now, effects: &effects)
        case .alive(let hashes): handleRoll(hashes, from: peer, now: now, effects: &effects)
        }
    }

    // MARK: - Probes

    private mutating func relayProbe(
        _ sequence: UInt64,
        of target: NodeID,
        for origin: NodeID,
        now: Instant,
        effects: inout [MeshEffect]
    ) {
        guard observations[origin] != nil, observations[target] != nil else {
            counters.strangers += 1
            return
        }
        let until = now + parameters.probeTimeout * 2
        guard let own = relays.add(origin: origin, target: target, sequence: sequence, until: until, now: now) else {
            return
        }
        send(.ping(sequence: own), to: target, now: now, effects: &effects)
    }

    private mutating func handleAck(
        _ sequence: UInt64,
        about: NodeID,
        from peer: NodeID,
        now: Instant,
        effects: inout [MeshEffect]
    ) {
        if let relay = relays.answer(sequence, from: peer) {
            send(.ack(sequence: relay.sequence, about: peer), to: relay.origin, now: now, effects: &effects)
        } else if about != peer, observations[peer] != nil, probes.hasAsked(about, sequence: sequence),
            let known = observations[about], known.status != .dead
        {
            // Somebody we asked reached it for us.
            probes.handleHeard(about)
            if known.status == .unheard || known.status == .suspect {
                var found = known
                found.status = .alive
                found.since = now
                observations[about] = found
                effects.append(.memberChanged(about))
            }
        }
    }

    // MARK: - Comparison

    /// Compares all records with a random member.
    mutating func compare(now: Instant, using rng: inout some RandomNumberGenerator, effects: inout [MeshEffect]) {
        nextComparison = now + parameters.antiEntropyPeriod * (hasOverlay ? comparisonInterval : 1)
        guard let peer = observations.random(using: &rng, where: { $1.status == .alive }) else { return }
        send(.summary(directory.summary.buckets), to: peer, now: now, effects: &effects)
    }

    /// How much rarer than in a small mesh records are compared: with the logarithm of their number, because a difference of
    /// one record costs the list of its bucket, and the tree leaves little to repair.
    private var comparisonInterval: Int { max(1, Int.bitWidth - directory.entries.count.leadingZeroBitCount - 6) }

    private mutating func handleSummary(
        _ buckets: [UInt64],
        from peer: NodeID,
        now: Instant,
        effects: inout [MeshEffect]
    ) {
        guard let theirs = RecordSummary(buckets: buckets) else {
            counters.badMessages += 1
            return
        }
        let differing = directory.summary.differences(from: theirs)
        guard !differing.isEmpty else { return }
        // Buckets are ranges of the hash, so this is in the order of the hashes.
        let entries = differing.flatMap { directory.entries(inBucket: $0) }
            .map { InventoryEntry(keyHash: $0.keyHash, version: $0.header.version) }
        // Whole buckets as far as they fit; the rest is compared next time.
        var end = entries.count
        if end > MeshMessage.itemsMax {
            let cut = RecordSummary.bucket(of: entries[MeshMessage.itemsMax].keyHash)
            end = entries.firstIndex { RecordSummary.bucket(of: $0.keyHash) >= cut } ?? 0
            let covered = differing.filter { $0 < cut }
            send(
                .inventory(buckets: covered.map(UInt64.init), entries: Array(entries[..<end])),
                to: peer,
                now: now,
                effects: &effects
            )
            return
        }
        send(.inventory(buckets: differing.map(UInt64.init), entries: entries), to: peer, now: now, effects: &effects)
    }

    private mutating func handleInventory(
        _ buckets: [UInt64],
        _ entries: [InventoryEntry],
        from peer: NodeID,
        now: Instant,
        effects: inout [MeshEffect]
    ) {
        if buckets.isEmpty, expect(entries, from: peer, now: now) { return }
        var theirs: [UInt64: UInt64] = [:]
        for entry in entries { theirs[entry.keyHash] = entry.version }
        let wanted = entries.filter { (directory.entry(hash: $0.keyHash)?.header.version ?? 0) < $0.version }
            .map(\.keyHash)
        if !wanted.isEmpty { send(.want(wanted), to: peer, now: now, effects: &effects) }
        let compared = Set(buckets).filter { $0 < UInt64(RecordSummary.bucketCount) }.sorted()
        let newer = compared.flatMap { directory.entries(inBucket: Int($0)) }
            .filter { (theirs[$0.keyHash] ?? 0) < $0.header.version }
        answer(newer, to: peer, now: now, effects: &effects)
    }

    /// Sends records in the order of their keys, as far as one answer may go; the next comparison finds the rest.
    private mutating func answer(
        _ entries: [Directory.Entry],
        to peer: NodeID,
        now: Instant,
        effects: inout [MeshEffect]
    ) {
        var room = isKnown(peer) ? MeshLimits.answerBytesMax : MeshLimits.answerToStrangerBytesMax
        let fitting = entries.sorted { $0.header.key < $1.header.key }.prefix {
            room -= $0.bytes.count
            return room >= 0
        }
        send(records: fitting.map(Self.wire), to: peer, now: now, effects: &effects)
    }

    static func wire(_ entry: Directory.Entry) -> WireRecord {
        WireRecord(key: entry.header.key, version: entry.header.version, bytes: entry.bytes)
    }

    // MARK: - Joining

    /// Nobody of the mesh has answered yet: introduces this node to its contacts and to members that it remembers.
    mutating func contactStrangers(
        now: Instant,
        using rng: inout some RandomNumberGenerator,
        effects: inout [MeshEffect]
    ) {
        nextContact = now + parameters.joinRetryPeriod
        let silent = contacts.keys.filter { observations[$0] == nil }.sorted()
        var targets = silent
        if observations.aliveCount == 0 {
            targets += formerContacts.keys.filter { observations[$0] == nil && contacts[$0] == nil }.sorted()
            targets += observations.random(MeshLimits.contactsMax, using: &rng) { $1.status != .alive }
        }
        guard !targets.isEmpty else {
            nextContact = now + parameters.antiEntropyPeriod
            return
        }
        let own = [
            AdmissionRecord.key(of: identity.operator.id), NodeRecord.key(of: node),
        ].compactMap { directory.entry($0).map(Self.wire) }
        for target in Set(targets).sorted() {
            send(.records(own), to: target, now: now, effects: &effects)
            send(.summary(directory.summary.buckets), to: target, now: now, effects: &effects)
        }
    }
}
