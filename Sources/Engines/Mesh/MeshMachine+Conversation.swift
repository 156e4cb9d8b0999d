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
        case .ping(let sequence):
            send(.ack(sequence: sequence, about: node), to: peer, now: now, effects: &effects)
        case .pingRequest(let sequence, let target):
            relayProbe(sequence, of: target, for: peer, now: now, effects: &effects)
        case .ack(let sequence, let about):
            handleAck(sequence, about: about, from: peer, now: now, effects: &effects)
        case .records(let records):
            accept(records, from: peer, now: now, using: &rng, effects: &effects)
        case .summary(let buckets):
            handleSummary(buckets, from: peer, now: now, effects: &effects)
        case .inventory(let buckets, let entries):
            handleInventory(buckets, entries, from: peer, now: now, effects: &effects)
        case .want(let hashes):
            let records = hashes.compactMap { directory.entry(hash: $0) }.sorted { $0.header.key < $1.header.key }
            send(records: records.map(Self.wire), to: peer, now: now, effects: &effects)
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
        guard let own = relays.add(origin: origin, sequence: sequence, until: until, now: now) else { return }
        send(.ping(sequence: own), to: target, now: now, effects: &effects)
    }

    private mutating func handleAck(
        _ sequence: UInt64,
        about: NodeID,
        from peer: NodeID,
        now: Instant,
        effects: inout [MeshEffect]
    ) {
        if let relay = relays.answer(sequence) {
            send(.ack(sequence: relay.sequence, about: peer), to: relay.origin, now: now, effects: &effects)
        } else if about != peer, let known = observations[about], known.status != .dead {
            // Somebody we asked reached it for us.
            probes.handleHeard(about)
            if known.status == .unheard || known.status == .suspect {
                observations[about]?.status = .alive
                observations[about]?.since = now
                effects.append(.memberChanged(about))
            }
        }
    }

    // MARK: - Comparison

    /// Compares all records with a random member.
    mutating func compare(now: Instant, using rng: inout some RandomNumberGenerator, effects: inout [MeshEffect]) {
        nextComparison = now + parameters.antiEntropyPeriod
        guard let peer = aliveNodes.randomElement(using: &rng) else { return }
        send(.summary(directory.summary.buckets), to: peer, now: now, effects: &effects)
    }

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
        let wanted = Set(differing)
        let entries = directory.entries.values
            .filter { wanted.contains(RecordSummary.bucket(of: $0.keyHash)) }
            .map { InventoryEntry(keyHash: $0.keyHash, version: $0.header.version) }
            .sorted { $0.keyHash < $1.keyHash }
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
        var theirs: [UInt64: UInt64] = [:]
        for entry in entries { theirs[entry.keyHash] = entry.version }
        let wanted = entries.filter { (directory.entry(hash: $0.keyHash)?.header.version ?? 0) < $0.version }
            .map(\.keyHash)
        if !wanted.isEmpty { send(.want(wanted), to: peer, now: now, effects: &effects) }
        let compared = Set(buckets)
        let newer = directory.entries.values.filter {
            compared.contains(UInt64(RecordSummary.bucket(of: $0.keyHash)))
                && (theirs[$0.keyHash] ?? 0) < $0.header.version
        }
        let sorted = newer.sorted { $0.header.key < $1.header.key }
        send(records: sorted.map(Self.wire), to: peer, now: now, effects: &effects)
    }

    static func wire(_ entry: Directory.Entry) -> WireRecord {
        WireRecord(key: entry.header.key, version: entry.header.version, bytes: entry.bytes)
    }

    // MARK: - Joining

    /// Nobody of the mesh has answered yet: introduces this node to its contacts and to members that it remembers.
    mutating func contactStrangers(now: Instant, effects: inout [MeshEffect]) {
        nextContact = now + parameters.joinRetryPeriod
        let silent = contacts.keys.filter { observations[$0] == nil }.sorted()
        var targets = silent
        if aliveNodes.isEmpty {
            targets += formerContacts.keys.filter { observations[$0] == nil && contacts[$0] == nil }.sorted()
            targets += observations.filter { $0.value.status != .alive }.keys.sorted().prefix(MeshLimits.contactsMax)
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
