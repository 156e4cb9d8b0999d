import Core
import Placement

extension RepairMachine {
    /// Queues a copy, or moves it when its urgency has changed.
    mutating func enqueue(
        _ publisher: PublisherID,
        _ purpose: Flight.Purpose,
        liveCount: Int,
        _ state: inout Work
    ) {
        if let queued = state.queued, queued.liveCount == liveCount { return }
        serial += 1
        state.queued = (serial, liveCount)
        ready.insert(Ready(liveCount: liveCount, serial: serial, publisher: publisher, purpose: purpose))
        guard ready.count > 2 * work.count + 64 else { return }
        let newest = serial  // its entry in `work` is written by the caller
        ready.keep { $0.serial == newest || work[$0.publisher]?.queued?.serial == $0.serial }
    }

    /// Starts queued copies, the most endangered first, as far as the limit allows.
    mutating func startCopies(now: Instant, _ effects: inout [RepairEffect]) {
        var inFlight = flights.values.count { if case .request = $0.purpose { false } else { true } }
        while inFlight < settings.copiesInFlightMax, let next = ready.popFirst() {
            guard work[next.publisher]?.queued?.serial == next.serial else { continue }  // overtaken by events
            work[next.publisher]?.queued = nil
            guard flights[next.publisher] == nil, let publication = index.publication(of: next.publisher) else {
                continue
            }
            let sources = sources(of: publication)
            // Without a whole copy anywhere, the floor is what is left.
            guard !sources.isEmpty || index.isFloored(next.publisher, now: now) else {
                deadlines.set(next.publisher, at: now + settings.recheckInterval)
                continue
            }
            start(next.purpose, publication, from: sources, now: now, &effects)
            inFlight += 1
        }
    }

    private mutating func start(
        _ purpose: Flight.Purpose,
        _ publication: Publication,
        from sources: [NodeID],
        now: Instant,
        _ effects: inout [RepairEffect]
    ) {
        let roots = publication.retainedRoots(at: now)
        flights[publication.publisher] = Flight(
            sequence: publication.sequence,
            roots: roots,
            leaseEnd: publication.leaseEnd,
            purpose: purpose
        )
        effects.append(.fetch(publication.publisher, sequence: publication.sequence, roots: roots, from: sources))
    }

    /// The living holders of the current content, in this node's own order.
    private func sources(of publication: Publication) -> [NodeID] {
        let live = Set(index.liveHolders(of: publication.publisher))
        return index.holdersToAsk(of: publication.publisher, asker: node).filter { live.contains($0) }
    }

    /// Stops the copy in flight, if there is one.
    mutating func callOff(_ publisher: PublisherID, _ effects: inout [RepairEffect]) {
        guard flights.removeValue(forKey: publisher) != nil else { return }
        effects.append(.cancel(publisher))
    }

    /// Starts the copy that a publisher asked for; the reason if not.
    mutating func acceptRequest(
        _ publisher: PublisherID,
        by asker: NodeID,
        now: Instant,
        _ effects: inout [RepairEffect]
    ) -> RefusalReason? {
        guard let publication = index.publication(of: publisher), publication.isPublished, publication.leaseEnd > now
        else {
            return .unknownSite
        }
        deadlines.set(publisher, at: now)
        work[publisher]?.releaseAt = nil
        work[publisher]?.surplusSince = nil
        if let site = held[publisher], site.sequence >= publication.contentSequence { return nil }
        if flights[publisher] != nil {
            flights[publisher]?.purpose = .request
            return nil
        }
        let requested = flights.values.count { if case .request = $0.purpose { true } else { false } }
        guard requested < settings.requestsInFlightMax else { return .busy(inFlightMax: settings.requestsInFlightMax) }
        let lent = index.members[node]?.candidate.weight ?? 0
        guard lent > 0, lent >= publication.byteCount else { return .noRoom(lent: lent, needed: publication.byteCount) }
        work[publisher]?.queued = nil
        let sources = [asker] + sources(of: publication).filter { $0 != asker }
        start(.request, publication, from: sources, now: now, &effects)
        return nil
    }
}
