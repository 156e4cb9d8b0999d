import Core

/// Records along the broadcast tree: pushed, announced, grafted, pruned.
extension MeshMachine {
    /// Pushes records along the tree and announces them on the other links.
    ///
    /// - Returns: Whether there is a tree.
    mutating func spreadAlongTree(
        _ records: [WireRecord],
        from source: NodeID?,
        now: Instant,
        effects: inout [MeshEffect]
    ) -> Bool {
        guard hasOverlay, !overlay.view.links.isEmpty else { return false }
        for target in overlay.view.eager where target != source {
            send(records: records, to: target, alongTree: true, now: now, effects: &effects)
        }
        for record in records {
            let entry = InventoryEntry(keyHash: RecordSummary.hash(of: record.key), version: record.version)
            overlay.tree.announce(entry, at: now + parameters.announcementDelay)
        }
        return true
    }

    /// Records came from a neighbour along the tree; one that came from another before makes this link superfluous.
    mutating func noteBroadcast(
        _ records: [WireRecord],
        fresh: [WireRecord],
        from peer: NodeID,
        now: Instant,
        effects: inout [MeshEffect]
    ) {
        guard hasOverlay, overlay.view.contains(peer) else { return }
        for record in fresh {
            overlay.tree.note(RecordSummary.hash(of: record.key), record.version, broughtBy: peer)
        }
        let isSuperfluous =
            fresh.isEmpty
            && records.contains {
                overlay.tree.wasBrought(RecordSummary.hash(of: $0.key), $0.version, byOtherThan: peer)
            }
        if isSuperfluous {
            overlay.view.set(peer, isEager: false)
            send(.prune, to: peer, now: now, effects: &effects)
        } else if !fresh.isEmpty {
            overlay.view.set(peer, isEager: true)
        }
    }

    mutating func announceRecords(now: Instant, effects: inout [MeshEffect]) {
        let entries = overlay.tree.takeAnnouncements()
        for neighbour in overlay.view.lazy {
            send(.inventory(buckets: [], entries: entries), to: neighbour, now: now, effects: &effects)
        }
    }

    /// A neighbour announced records.
    ///
    /// - Returns: Whether they are waited for.
    mutating func expect(_ entries: [InventoryEntry], from peer: NodeID, now: Instant) -> Bool {
        guard hasOverlay, overlay.view.contains(peer) else { return false }
        for entry in entries where (directory.entry(hash: entry.keyHash)?.header.version ?? 0) < entry.version {
            overlay.tree.expect(entry, from: peer, deadline: now + parameters.graftTimeout)
        }
        return true
    }

    /// Asks for announced records that did not come, and makes those links part of the tree.
    mutating func graft(now: Instant, effects: inout [MeshEffect]) {
        let due = overlay.tree.dueGrafts(now: now, retry: now + parameters.graftTimeout) { hash, version in
            (directory.entry(hash: hash)?.header.version ?? 0) >= version
        }
        for (neighbour, hashes) in due {
            overlay.view.set(neighbour, isEager: true)
            send(.want(hashes), to: neighbour, now: now, effects: &effects)
        }
    }
}
