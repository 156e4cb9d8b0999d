import Core
import Placement

/// What failure detection says of a member.
public enum Liveness: Hashable, Sendable {
    case alive
    /// Silent for a moment; nothing is done about it yet.
    case suspect
    case dead
}

/// How many copies exist, counted by operator: two on one operator are one.
public struct CopyCount: Hashable, Sendable {
    /// Operators with a living node that holds the current content, at most as many as wanted.
    public var live: Int
    /// What this mesh can hold: the copies wanted, or its operators if they are fewer.
    public var target: Int
    /// What publishers asked for.
    public var wanted: Int

    public var missing: Int { max(target - live, 0) }

    public init(live: Int, target: Int, wanted: Int) {
        self.live = live
        self.target = target
        self.wanted = wanted
    }
}

/// Who holds what: all publications and holdings of the mesh, joined with who is alive.
///
/// Every change touches only the sites it concerns. Fed with records that were verified before.
public struct SiteIndex: Sendable {
    /// Most sites in the index; records of further ones are refused and counted.
    public static let sitesMax = 250_000
    /// Most holders that are remembered per site; further ones are refused and counted.
    public static let holdersPerSiteMax = 1024

    struct Member: Sendable {
        var candidate: PlacementCandidate
        var liveness: Liveness
        /// When it became so.
        var since: Instant
        var isLive: Bool { liveness != .dead }
    }

    struct Statement: Sendable {
        var holding: Holding
        /// When this node first heard from this holder about this site.
        var seen: Instant
    }

    struct Site: Sendable {
        var publication: Publication?
        /// When this node first saw the current content.
        var contentSeen: Instant
        var statements: [NodeID: Statement] = [:]
        /// Its share of the total, so that it can be taken back.
        var liveCounted = 0
    }

    enum Expiry: Hashable, Sendable {
        case publication(PublisherID)
        case holding(PublisherID, NodeID)
    }

    private(set) var sites: [PublisherID: Site] = [:]
    /// The versions in the floor of each site that has one.
    private var floors: [PublisherID: [CID]] = [:]
    private(set) var members: [NodeID: Member] = [:]
    /// All members as placement sees them; the dead lend nothing.
    public private(set) var candidates = CandidateTable()
    private var sitesOf: [NodeID: Set<PublisherID>] = [:]
    private var publishersOf: [CID: Set<PublisherID>] = [:]
    private var expiries = DeadlineQueue<Expiry>()
    private var liveTotal = 0
    /// Published sites per number of copies wanted.
    private var sitesWanting = [Int](repeating: 0, count: Publication.copiesMax + 1)
    /// Records that did not fit.
    public private(set) var refusedCount = 0
    /// Grows with every change: who caches something derived from the index compares it.
    public private(set) var generation: UInt64 = 0

    public init() {}

    // MARK: - Changes

    /// Takes the newest publication of a site.
    ///
    /// - Returns: Whether anything changed.
    @discardableResult
    public mutating func apply(_ publication: Publication, now: Instant) -> Bool {
        let publisher = publication.publisher
        guard publication.leaseEnd > now, makeRoom(for: publisher, now: now), var site = sites[publisher] else {
            return false
        }
        if let seen = site.publication, publication.sequence < seen.sequence || publication == seen { return false }
        if site.publication?.contentSequence != publication.contentSequence { site.contentSeen = now }
        list(site.publication, of: publisher, as: false)
        site.publication = publication
        list(publication, of: publisher, as: true)
        sites[publisher] = site
        expiries.set(.publication(publisher), at: publication.leaseEnd)
        recount(publisher)
        return true
    }

    /// Takes the newest statement of a holder about a site; the site's publication may come later.
    ///
    /// - Returns: Whether anything changed.
    @discardableResult
    public mutating func apply(_ holding: Holding, now: Instant) -> Bool {
        let publisher = holding.publisher
        guard holding.until > now, makeRoom(for: publisher, now: now), var site = sites[publisher] else { return false }
        if let seen = site.statements[holding.node] {
            guard holding.version > seen.holding.version else { return false }
        } else if site.statements.count >= Self.holdersPerSiteMax {
            refusedCount += 1
            return false
        }
        let seen = site.statements[holding.node]?.seen ?? now
        site.statements[holding.node] = Statement(holding: holding, seen: seen)
        sites[publisher] = site
        sitesOf[holding.node, default: []].insert(publisher)
        expiries.set(.holding(publisher, holding.node), at: holding.until)
        recount(publisher)
        return true
    }

    /// Takes what is known of a member.
    ///
    /// - Returns: The sites whose count may have changed, in a stable order.
    public mutating func apply(_ candidate: PlacementCandidate, _ liveness: Liveness, now: Instant) -> [PublisherID] {
        let seen = members[candidate.node]
        if let seen, seen.candidate == candidate, seen.liveness == liveness { return [] }
        let since = seen.flatMap { $0.liveness == liveness ? $0.since : nil } ?? now
        guard candidates.set(liveness == .dead ? candidate.lending(0) : candidate) else {
            refusedCount += 1
            return []
        }
        members[candidate.node] = Member(candidate: candidate, liveness: liveness, since: since)
        return recount(sitesOf: candidate.node)
    }

    /// Forgets a member whose record expired.
    ///
    /// - Returns: The sites whose count may have changed, in a stable order.
    public mutating func forget(_ node: NodeID) -> [PublisherID] {
        guard members.removeValue(forKey: node) != nil else { return [] }
        candidates.remove(node)
        return recount(sitesOf: node)
    }

    /// Drops what has ended by `now`.
    ///
    /// - Returns: The sites that this concerned.
    public mutating func expire(now: Instant) -> [PublisherID] {
        var touched: [PublisherID] = []
        while let expiry = expiries.popDue(at: now) {
            switch expiry {
            case .publication(let publisher):
                guard var site = sites[publisher], let publication = site.publication else { continue }
                guard publication.leaseEnd <= now else {
                    expiries.set(expiry, at: publication.leaseEnd)
                    continue
                }
                list(publication, of: publisher, as: false)
                site.publication = nil
                sites[publisher] = site
                touched.append(publisher)
            case .holding(let publisher, let node):
                guard var site = sites[publisher], let statement = site.statements[node] else { continue }
                guard statement.holding.until <= now else {
                    expiries.set(expiry, at: statement.holding.until)
                    continue
                }
                site.statements[node] = nil
                sites[publisher] = site
                sitesOf[node]?.remove(publisher)
                if sitesOf[node]?.isEmpty == true { sitesOf[node] = nil }
                touched.append(publisher)
            }
        }
        for publisher in touched { recount(publisher) }
        return touched
    }

    /// When ``expire(now:)`` has something to do next.
    public var nextExpiry: Instant? { expiries.next }

    /// Takes the newest floor of a site; an empty one forgets it.
    ///
    /// - Returns: Whether anything changed.
    @discardableResult
    public mutating func apply(_ floor: SiteFloor, now: Instant) -> Bool {
        guard !floor.isEmpty, floor.leaseEnd > now else { return forgetFloor(of: floor.publisher) }
        guard floors[floor.publisher] != floor.roots else { return false }
        guard floors[floor.publisher] != nil || floors.count < Self.sitesMax else {
            refusedCount += 1
            return false
        }
        floors[floor.publisher] = floor.roots
        return true
    }

    /// - Returns: Whether there was one.
    @discardableResult
    public mutating func forgetFloor(of publisher: PublisherID) -> Bool {
        floors.removeValue(forKey: publisher) != nil
    }

    // MARK: - Bookkeeping

    private mutating func makeRoom(for publisher: PublisherID, now: Instant) -> Bool {
        if sites[publisher] != nil { return true }
        guard sites.count < Self.sitesMax else {
            refusedCount += 1
            return false
        }
        sites[publisher] = Site(contentSeen: now)
        return true
    }

    /// Enters or removes a publication's part of the totals and of the root lookup.
    private mutating func list(_ publication: Publication?, of publisher: PublisherID, as isListed: Bool) {
        guard let publication, publication.isPublished else { return }
        sitesWanting[publication.copies] += isListed ? 1 : -1
        for version in publication.versions {
            if isListed {
                publishersOf[version.root, default: []].insert(publisher)
            } else {
                publishersOf[version.root]?.remove(publisher)
                if publishersOf[version.root]?.isEmpty == true { publishersOf[version.root] = nil }
            }
        }
    }

    private mutating func recount(sitesOf node: NodeID) -> [PublisherID] {
        generation += 1
        let publishers = (sitesOf[node] ?? []).sorted()
        for publisher in publishers { recount(publisher) }
        return publishers
    }

    private mutating func recount(_ publisher: PublisherID) {
        generation += 1
        guard var site = sites[publisher] else { return }
        var live = 0
        if let publication = site.publication, publication.isPublished {
            live = min(operatorCount(of: liveHolders(in: site)), publication.copies)
        }
        liveTotal += live - site.liveCounted
        site.liveCounted = live
        sites[publisher] = site.publication == nil && site.statements.isEmpty ? nil : site
    }

    // MARK: - Questions

    func liveHolders(in site: Site) -> [NodeID] {
        guard let publication = site.publication, publication.isPublished else { return [] }
        return site.statements.values.filter { statement in
            statement.holding.state == .holding && statement.holding.sequence >= publication.contentSequence
                && members[statement.holding.node]?.isLive == true
        }.map(\.holding.node)
    }

    /// Distinct operators among `nodes`; unknown nodes count for nothing.
    func operatorCount(of nodes: [NodeID]) -> Int {
        Set(nodes.compactMap { members[$0]?.candidate.operator }).count
    }

    /// Copies over all published sites.
    public var totals: CopyCount {
        var count = CopyCount(live: liveTotal, target: 0, wanted: 0)
        for (wanted, siteCount) in sitesWanting.enumerated() {
            count.target += siteCount * min(wanted, candidates.operatorCount)
            count.wanted += siteCount * wanted
        }
        count.live = min(count.live, count.wanted)
        return count
    }

    /// Published sites.
    public var publishedCount: Int { sitesWanting.reduce(0, +) }

    public func publication(of publisher: PublisherID) -> Publication? { sites[publisher]?.publication }

    /// Whether the floor of a site has everything that a holder of its publication keeps.
    public func isFloored(_ publisher: PublisherID, now: Instant) -> Bool {
        guard let publication = sites[publisher]?.publication, let roots = floors[publisher] else { return false }
        return SiteFloor.covers(roots, publication, at: now)
    }

    /// The copies of one site; `nil` when it is not published.
    public func copies(of publisher: PublisherID) -> CopyCount? {
        guard let site = sites[publisher], let publication = site.publication, publication.isPublished else {
            return nil
        }
        return CopyCount(
            live: site.liveCounted,
            target: min(publication.copies, candidates.operatorCount),
            wanted: publication.copies
        )
    }

    /// The living nodes that hold the current content, in a stable order.
    public func liveHolders(of publisher: PublisherID) -> [NodeID] {
        sites[publisher].map { liveHolders(in: $0).sorted() } ?? []
    }

    func statement(of node: NodeID, on publisher: PublisherID) -> Holding? {
        sites[publisher]?.statements[node]?.holding
    }

    /// All publishers with a known publication, in a stable order.
    public var publishers: [PublisherID] { sites.filter { $0.value.publication != nil }.keys.sorted() }

    /// The sites that list `root` as a version, in a stable order.
    public func publishers(ofRoot root: CID) -> [PublisherID] { (publishersOf[root] ?? []).sorted() }
}
