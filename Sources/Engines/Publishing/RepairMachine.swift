import Core
import Placement

/// Keeps every site at its number of copies, without a coordinator: each node decides for itself what it must copy,
/// hold on to or give up, from what all of them know.
///
///     not held ──lacking and placed here──▶ waiting ──turn──▶ copying ──durable──▶ held, stated
///                                             ▲                 │ failed: back-off   │ too many copies for a while
///                                             └─────────────────┘                    ▼
///     released ◀──────────────── withdrawn, still served for a while ◀───────────────┘
///
/// A holder that is silent, or did not follow a new version, counts for `repairDelay` (`urgentDelay` when at most one live
/// copy is left). What is missing then is placed by the same computation everywhere: who is placed starts at
/// once, stand-ins wait their turn, and whoever sees that nothing is missing any more stands down. Every event
/// method returns effects in the order in which they are to be performed.
public struct RepairMachine: Sendable {
    struct Flight: Sendable {
        enum Purpose: Sendable {
            /// To replace a lost copy; called off when nothing is missing any more.
            case repair
            /// To follow a new version.
            case update
            /// Because a publisher asked.
            case request
        }
        var sequence: UInt64
        var roots: [CID]
        var leaseEnd: Instant
        var purpose: Purpose
    }

    /// What is going on with a site; absent for the many where nothing is.
    struct Work: Sendable {
        var lackSince: Instant?
        var surplusSince: Instant?
        /// When the withdrawn copy is freed.
        var releaseAt: Instant?
        var failures = 0
        var retryAt: Instant?
        /// The valid entry in the queue of copies to make.
        var queued: (serial: UInt64, liveCount: Int)?

        var isIdle: Bool {
            lackSince == nil && surplusSince == nil && releaseAt == nil && failures == 0 && retryAt == nil
                && queued == nil
        }
    }

    /// A copy to make: the fewer live copies, the sooner.
    struct Ready: Comparable, Sendable {
        let liveCount: Int
        let serial: UInt64
        let publisher: PublisherID
        let purpose: Flight.Purpose

        static func < (lhs: Ready, rhs: Ready) -> Bool { (lhs.liveCount, lhs.serial) < (rhs.liveCount, rhs.serial) }
        static func == (lhs: Ready, rhs: Ready) -> Bool { lhs.serial == rhs.serial }
    }

    public let node: NodeID
    public let settings: RepairSettings
    public internal(set) var index = SiteIndex()
    var held: [PublisherID: HeldSite] = [:]
    var flights: [PublisherID: Flight] = [:]
    var work: [PublisherID: Work] = [:]
    var deadlines = DeadlineQueue<PublisherID>()
    var ready = BinaryHeap<Ready>()
    var serial: UInt64 = 0
    private var wakeAt: Instant?

    /// - Parameter held: What the store has pinned from earlier runs.
    public init(node: NodeID, settings: RepairSettings = RepairSettings(), held: [HeldSite] = [], now: Instant) {
        self.node = node
        self.settings = settings
        for site in held {
            self.held[site.publisher] = site
            deadlines.set(site.publisher, at: now)
        }
    }

    // MARK: - Events

    /// A verified publication record arrived, or came from the store at start.
    public mutating func publicationChanged(_ publication: Publication, now: Instant) -> [RepairEffect] {
        if index.apply(publication, now: now) { deadlines.set(publication.publisher, at: now) }
        return advance(now)
    }

    /// A verified holding record arrived, or came from the store at start.
    public mutating func holdingChanged(_ holding: Holding, now: Instant) -> [RepairEffect] {
        if index.apply(holding, now: now) { deadlines.set(holding.publisher, at: now) }
        return advance(now)
    }

    /// A verified floor record arrived, or came from the store at start.
    public mutating func floorChanged(_ floor: SiteFloor, now: Instant) -> [RepairEffect] {
        if index.apply(floor, now: now) { deadlines.set(floor.publisher, at: now) }
        return advance(now)
    }

    /// A floor's record expired.
    public mutating func floorForgotten(_ publisher: PublisherID, now: Instant) -> [RepairEffect] {
        if index.forgetFloor(of: publisher) { deadlines.set(publisher, at: now) }
        return advance(now)
    }

    /// A member's record or its liveness changed; this node is a member too and always alive.
    public mutating func memberChanged(
        _ candidate: PlacementCandidate,
        _ liveness: Liveness,
        now: Instant
    ) -> [RepairEffect] {
        let liveness = candidate.node == node ? .alive : liveness
        for publisher in index.apply(candidate, liveness, now: now) { deadlines.set(publisher, at: now) }
        return advance(now)
    }

    /// A member's record expired.
    public mutating func memberForgotten(_ member: NodeID, now: Instant) -> [RepairEffect] {
        for publisher in index.forget(member) { deadlines.set(publisher, at: now) }
        return advance(now)
    }

    /// The site that this node imported itself is durable here.
    public mutating func imported(_ site: HeldSite, now: Instant) -> [RepairEffect] {
        flights[site.publisher] = nil
        work[site.publisher] = nil
        held[site.publisher] = site
        deadlines.set(site.publisher, at: now)
        return advance(now)
    }

    /// A publisher's node asks this one to hold a site whose publication is known here.
    ///
    /// Ends in `.state`, in `.refuse`, or in a failed copy; ``holds(_:sequence:)`` tells whether there is anything to do.
    public mutating func holdRequested(_ publisher: PublisherID, by asker: NodeID, now: Instant) -> [RepairEffect] {
        var effects: [RepairEffect] = []
        if let reason = acceptRequest(publisher, by: asker, now: now, &effects) {
            effects.append(.refuse(publisher, reason))
        }
        return effects + advance(now)
    }

    /// A copy asked for with `.fetch` is durable.
    public mutating func copySucceeded(_ publisher: PublisherID, sequence: UInt64, now: Instant) -> [RepairEffect] {
        var effects: [RepairEffect] = []
        if let flight = flights[publisher], flight.sequence == sequence {
            flights[publisher] = nil
            work[publisher] = nil
            let site = HeldSite(
                publisher: publisher,
                sequence: flight.sequence,
                roots: flight.roots,
                leaseEnd: flight.leaseEnd,
                isOwn: held[publisher]?.isOwn ?? false
            )
            held[publisher] = site
            effects.append(.retain(site))
        } else if held[publisher] == nil, flights[publisher] == nil {
            effects.append(.release(publisher))  // it was called off while it finished
        }
        deadlines.set(publisher, at: now)
        return effects + advance(now)
    }

    /// A copy asked for with `.fetch` could not be made; it is tried again later, others go on.
    public mutating func copyFailed(_ publisher: PublisherID, sequence: UInt64, now: Instant) -> [RepairEffect] {
        if let flight = flights[publisher], flight.sequence == sequence {
            flights[publisher] = nil
            var state = work[publisher] ?? Work()
            state.failures += 1
            state.retryAt = now + settings.retryDelay(failures: state.failures)
            work[publisher] = state
        }
        deadlines.set(publisher, at: now)
        return advance(now)
    }

    /// Time has passed.
    public mutating func tick(now: Instant) -> [RepairEffect] { advance(now) }

    // MARK: - Questions

    /// Whether this node has all that publication `sequence` of the site lists.
    public func holds(_ publisher: PublisherID, sequence: UInt64) -> Bool {
        held[publisher].map { $0.sequence >= sequence } ?? false
    }

    /// The sites that this node has durably, in a stable order; for the store to remember.
    public var heldSites: [HeldSite] { held.keys.sorted().compactMap { held[$0] } }

    /// Copies that are being made.
    public var copiesInFlight: Int { flights.count }

    /// Every root that must stay at `now`, those that are being copied included; anything else may be collected.
    public func heldRoots(at now: Instant) -> Set<CID> {
        var roots = Set(flights.values.flatMap(\.roots))
        for site in held.values where !hasEnded(site, now: now) { roots.formUnion(site.roots) }
        return roots
    }

    /// Whether nothing of a held site needs to be kept: unpublished, or past its lease and the slack.
    func hasEnded(_ site: HeldSite, now: Instant) -> Bool {
        if let publication = index.publication(of: site.publisher), publication.sequence >= site.sequence {
            return !publication.isPublished || now >= publication.leaseEnd + settings.leaseSlack
        }
        return now >= site.leaseEnd + settings.leaseSlack
    }

    // MARK: - Turning the crank

    private mutating func advance(_ now: Instant) -> [RepairEffect] {
        var effects: [RepairEffect] = []
        for publisher in index.expire(now: now) { deadlines.set(publisher, at: now) }
        var evaluations = 0
        while evaluations < RepairSettings.evaluationsMax, let publisher = deadlines.popDue(at: now) {
            evaluate(publisher, now: now, &effects)
            evaluations += 1
        }
        startCopies(now: now, &effects)
        let next = [deadlines.next, index.nextExpiry].compactMap(\.self).min()
        if let next, wakeAt.map({ $0 <= now || next < $0 }) ?? true {
            wakeAt = max(next, now)
            effects.append(.wake(at: max(next, now)))
        }
        return effects
    }
}
