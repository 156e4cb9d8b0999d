import Core

extension MeshMachine {
    /// What a record is called in ``quarantined`` and by ``watcher``.
    ///
    /// The kind belongs to it: nobody can have a good record refused by announcing its bytes as something else.
    public static func digest(of kind: RecordKind, _ bytes: [UInt8]) -> Digest {
        var hasher = Hasher256()
        hasher.update([kind.code])
        hasher.update(bytes)
        return hasher.finalize()
    }

    /// Verifies a record and takes it in if it is newer than what is known.
    ///
    /// - Returns: the header if it was stored. Everything else changes a counter only.
    mutating func accept(_ record: WireRecord, now: Instant, effects: inout [MeshEffect]) -> RecordHeader? {
        guard quarantined.isEmpty || !quarantined.contains(record.digest) else {
            counters.quarantined += 1
            return nil
        }
        if let known = directory.entry(record.key) {
            guard record.version > known.header.version else {
                countKnown(record, known)
                return nil
            }
        }
        guard record.bytes.count <= MeshLimits.recordBytesMax else {
            counters.oversized += 1
            return nil
        }
        // A record under this node's own key is believed only when this node remembers it itself.
        if hasStarted, record.key == NodeRecord.key(of: node) {
            counters.ownKeySeen += 1
            return nil
        }
        watcher?.begin(record.digest)
        defer { watcher?.end() }
        do throws(MeshError) {
            let verified = try verify(record, now: now)
            guard verified.header.key == record.key, verified.header.version == record.version else {
                throw MeshError(.forged, "a record is not the one that its message announced")
            }
            guard directory.hasRoom(for: verified.header) else {
                throw MeshError(.overQuota, "operator \(verified.header.sponsor.short) has no room for more records")
            }
            // The decoder's own bytes, which it may share among many nodes.
            let kept = WireRecord(key: record.key, version: record.version, bytes: verified.node?.bytes ?? record.bytes)
            store(verified.header, kept, node: verified.node, admits: verified.admits, effects: &effects)
            if let fresh = verified.node { welcome(fresh, now: now, effects: &effects) }
            return verified.header
        } catch {
            refuse(record, error)
            // It was signed by a node of an admitted operator: while nobody else is known its clock counts, and it is asked.
            if record.key.kind == .node, error.code == .outOfTime, !hasStarted || observations.aliveCount == 0 {
                rememberContact(record)
            }
            return nil
        }
    }

    /// Keeps where a node was whose record does not count any more: whoever was away for days, or has a wrong clock, can
    /// still ask there.
    private mutating func rememberContact(_ record: WireRecord) {
        guard formerContacts.count < MeshLimits.contactsMax, let former = try? NodeRecord(decoding: record.bytes),
            former.mesh == mesh, former.node != node
        else { return }
        formerContacts[former.node] = former.claims.locators
    }

    private mutating func countKnown(_ record: WireRecord, _ known: Directory.Entry) {
        if record.version < known.header.version {
            counters.stale += 1
        } else if record.bytes == known.bytes {
            counters.known += 1
        } else {
            counters.conflicting += 1
        }
    }

    private mutating func refuse(_ record: WireRecord, _ error: MeshError) {
        guard error.code == .unknownSigner || error.code == .notAdmitted else {
            counters.count(error)
            return
        }
        // It may pass as soon as more of the mesh is known; until then it gets a place in a small corner.
        if waiting.contains(where: { $0.key == record.key && $0.version >= record.version }) { return }
        counters.count(error)
        waiting.removeAll { $0.key == record.key }
        waiting.append(record)
        if waiting.count > MeshLimits.waitingRecordsMax {
            waiting.removeFirst()
            counters.waitingDropped += 1
        }
    }

    private struct Verified {
        let header: RecordHeader
        var node: NodeRecord?
        var admits: OperatorID?
    }

    private func verify(_ record: WireRecord, now: Instant) throws(MeshError) -> Verified {
        switch record.key.kind {
        case .admission:
            let admission = try decoder.admission(record.bytes)
            try check(mesh: admission.mesh)
            guard admission.isComplete else {
                throw MeshError(.invitationVoid, "a limited invitation needs its issuer's countersignature")
            }
            // Its date orders an operator's own admissions and no more, so a clock that is off may date it anyhow.
            try check(admitted: admission.issuer)
            return Verified(header: admission.header, admits: admission.operator)
        case .node:
            let node = try decoder.node(record.bytes)
            try check(mesh: node.mesh)
            try check(admitted: node.operator)
            try check(issued: node.issued, now: now)
            guard node.expires > now else {
                throw MeshError(.outOfTime, "the record of \(node.node.short) has expired")
            }
            return Verified(header: node.header, node: node)
        default:
            let header = try judge.judge(
                record.key.kind,
                record.bytes,
                now: now,
                operatorOf: operatorOf,
                isAdmitted: directory.admitted.contains
            )
            return Verified(header: header)
        }
    }

    private func check(mesh other: CID) throws(MeshError) {
        guard other == mesh else { throw MeshError(.wrongMesh, "a record of mesh \(other), this is \(mesh)") }
    }

    private func check(admitted operator: OperatorID) throws(MeshError) {
        guard directory.admitted.contains(`operator`) else {
            throw MeshError(.notAdmitted, "operator \(`operator`.short) is not admitted to this mesh")
        }
    }

    private func check(issued: Instant, now: Instant) throws(MeshError) {
        guard issued <= now + parameters.clockTolerance else {
            throw MeshError(.outOfTime, "a record is dated \((issued - now).wholeMilliseconds) ms ahead")
        }
    }

    /// Takes in a verified record, and whatever waited for it.
    mutating func store(
        _ header: RecordHeader,
        _ record: WireRecord,
        node: NodeRecord? = nil,
        admits: OperatorID? = nil,
        effects: inout [MeshEffect]
    ) {
        directory.store(header, record.bytes, node: node, admits: admits)
        effects.append(.stored(header, record.bytes))
        if let node, node.node != self.node {
            if observations[node.node] == nil {
                observations[node.node] = NodeObservation(status: .unheard, since: .distantPast, incarnation: 0)
            }
            effects.append(.memberChanged(node.node))
        }
    }

    /// Takes in records, admissions and nodes first, and retries those that waited for them.
    ///
    /// - Returns: The records that were new.
    mutating func acceptAll(_ records: [WireRecord], now: Instant, effects: inout [MeshEffect]) -> [WireRecord] {
        var fresh: [WireRecord] = []
        var pending = records
        while !pending.isEmpty {
            let before = fresh.count
            for record in pending.sorted(by: { $0.key < $1.key })
            where accept(record, now: now, effects: &effects) != nil { fresh.append(record) }
            let unlocks = fresh[before...].contains { $0.key.kind == .admission || $0.key.kind == .node }
            pending = unlocks ? waiting : []
            if unlocks { waiting = [] }
        }
        return fresh
    }

    /// Takes in records from others and tells some members about the new ones.
    mutating func accept(
        _ records: [WireRecord],
        from source: NodeID?,
        alongTree: Bool = false,
        now: Instant,
        using rng: inout some RandomNumberGenerator,
        effects: inout [MeshEffect]
    ) {
        let fresh = acceptAll(records, now: meshNow(now), effects: &effects)
        if alongTree, let source { noteBroadcast(records, fresh: fresh, from: source, now: now, effects: &effects) }
        spread(fresh, from: source, now: now, using: &rng, effects: &effects)
    }

    mutating func spread(
        _ records: [WireRecord],
        from source: NodeID?,
        now: Instant,
        using rng: inout some RandomNumberGenerator,
        effects: inout [MeshEffect]
    ) {
        guard !records.isEmpty else { return }
        let hasTree = spreadAlongTree(records, from: source, now: now, effects: &effects)
        // While the mesh is small an own record reaches everybody in one step, whatever the tree looks like.
        guard !hasTree || source == nil && observations.aliveCount <= parameters.directPushMax else { return }
        for target in spreading.targets(from: source, members: observations, using: &rng) {
            send(records: records, to: target, now: now, effects: &effects)
        }
    }

    /// Sends records in as many messages as their sizes ask for.
    mutating func send(
        records: [WireRecord],
        to target: NodeID,
        alongTree: Bool = false,
        now: Instant,
        effects: inout [MeshEffect]
    ) {
        var batch: [WireRecord] = []
        var byteCount = 0
        for record in records {
            if byteCount + record.bytes.count > MeshLimits.recordBytesPerMessage, !batch.isEmpty {
                send(.records(batch, alongTree: alongTree), to: target, now: now, effects: &effects)
                (batch, byteCount) = ([], 0)
            }
            batch.append(record)
            byteCount += record.bytes.count
        }
        guard !batch.isEmpty else { return }
        send(.records(batch, alongTree: alongTree), to: target, now: now, effects: &effects)
    }

    /// - Parameter updates: News to tell instead of what is most urgent.
    mutating func send(
        _ body: MeshMessage.Body,
        to target: NodeID,
        updates news: [StatusUpdate]? = nil,
        now: Instant,
        effects: inout [MeshEffect]
    ) {
        let message = MeshMessage(
            clock: now,
            incarnation: incarnation,
            updates: news ?? updates.take(memberCount: observations.count, besideTree: hasOverlay),
            body: body
        )
        effects.append(.send(message.encoded, to: target))
    }

    /// Forgets records that have expired.
    mutating func expire(now: Instant, effects: inout [MeshEffect]) {
        nextExpiry = now + .seconds(60)
        // One voice may be a stranger's: until three say what time it is, nothing is forgotten by theirs alone.
        let least = certainNow(now) ?? min(now, meshNow(now))
        for key in directory.removeExpired(now: least) {
            effects.append(.forgotten(key))
            guard key.kind == .node, let node = try? NodeID(key.subject) else { continue }
            observations[node] = nil
            overlay.view.remove(node)
            // The last voices count until there are others: without them an own clock that is off would be believed.
            if clocks.count > Self.clocksForCertainty { clocks.remove(node) }
            effects.append(.memberChanged(node))
        }
    }

    /// Signs and spreads this node's record; the version grows with every one.
    mutating func announce(now: Instant, using rng: inout some RandomNumberGenerator) -> [MeshEffect] {
        nextAnnouncement = now + parameters.announcePeriod
        announcedOffset = clocks.offset
        guard directory.admitted.contains(identity.operator.id) else { return [] }
        let issued = meshNow(now)
        let known = directory.entry(NodeRecord.key(of: node))?.header.version ?? 0
        let record = NodeRecord(
            mesh: mesh,
            node: identity.node,
            operator: identity.operator,
            version: max(known + 1, UInt64(clamping: issued.milliseconds)),
            issued: issued,
            expires: issued + parameters.recordLifetime,
            claims: identity.claims
        )
        let own = WireRecord(key: record.header.key, version: record.version, bytes: record.bytes)
        var effects: [MeshEffect] = []
        store(record.header, own, node: record, effects: &effects)
        spread([own], from: nil, now: now, using: &rng, effects: &effects)
        return effects
    }

    /// A clock that turns out to be far off makes this node's record look old or from the future: issue it again.
    mutating func correctOwnClock(
        now: Instant,
        using rng: inout some RandomNumberGenerator,
        effects: inout [MeshEffect]
    ) {
        let shift = abs((clocks.offset - announcedOffset).wholeMilliseconds)
        if shift > parameters.clockTolerance.wholeMilliseconds {
            effects += announce(now: now, using: &rng)
            nextContact = now
        }
    }
}
