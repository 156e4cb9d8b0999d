import Core
import Placement
import Publishing

/// A whole mesh in one thread under one seed: every node runs a ``RepairMachine``, messages and copies take time.
///
/// Records travel as decoded values, so nothing is signed. Truth (who is up, who has what on disk) is kept apart from what
/// each machine believes.
struct SimulatedMesh {
    enum Event {
        case publication(Int, Publication)
        case holding(Int, Holding)
        /// Failure detection of the first node looks at the second; what it sees is what is true then.
        case look(Int, at: Int)
        case copied(Int, PublisherID, ticket: UInt64)
        case wake(Int, Instant)
        case request(Int, PublisherID, by: Int)
    }

    struct Copy {
        var ticket: UInt64
        var sequence: UInt64
        var content: UInt64
        var roots: [CID]
        var leaseEnd: Instant
        var sources: [NodeID]
    }

    struct Node {
        let candidate: PlacementCandidate
        var machine: RepairMachine
        var isUp = true
        var group = 0
        /// What survives a crash: pinned sites, with the content sequence that is really there.
        var disk: [PublisherID: (site: HeldSite, content: UInt64)] = [:]
        var copies: [PublisherID: Copy] = [:]
        var publications: [PublisherID: Publication] = [:]
        var holdings: [PublisherID: [NodeID: Holding]] = [:]
        var incarnation: UInt64 = 0
    }

    private struct Scheduled: Comparable, Sendable {
        let at: Instant
        let serial: UInt64
        static func < (lhs: Scheduled, rhs: Scheduled) -> Bool { (lhs.at, lhs.serial) < (rhs.at, rhs.serial) }
    }

    var rng: SplitMix64
    var now = start
    var nodes: [Node] = []
    let settings: RepairSettings
    var copyFailure = Ratio.never
    /// What went wrong on the way; empty at the end of a good run.
    var violations: [String] = []
    /// Most copies of one site that were stated and alive at the same time.
    var copiesPeak = 0
    var fetches = 0
    private var queue = BinaryHeap<Scheduled>()
    private var events: [UInt64: Event] = [:]
    private var serial: UInt64 = 0
    private var numberOf: [NodeID: Int] = [:]

    static var fastSettings: RepairSettings {
        var settings = RepairSettings()
        settings.repairDelay = .seconds(20)
        settings.urgentDelay = .seconds(5)
        settings.rankStep = .seconds(8)
        settings.surplusGrace = .seconds(40)
        settings.releaseDelay = .seconds(10)
        settings.leaseSlack = .seconds(5)
        settings.recheckInterval = .seconds(10)
        settings.retryFirst = .seconds(2)
        settings.retryMax = .seconds(20)
        return settings
    }

    init(seed: UInt64, nodes count: Int, operators: Int, settings: RepairSettings = fastSettings) {
        rng = SplitMix64(seed: seed)
        self.settings = settings
        for number in 0..<count {
            let domain = number % operators
            let candidate = candidate(number, operator: domain, hosting: domain % 4, jurisdiction: (domain / 2) % 4)
            numberOf[candidate.node] = number
            nodes.append(
                Node(candidate: candidate, machine: RepairMachine(node: candidate.node, settings: settings, now: now))
            )
        }
        for number in nodes.indices { introduce(number, isStart: true) }
    }

    // MARK: - What the test does

    mutating func run(for duration: Duration) {
        let end = now + duration
        while let next = queue.first, next.at <= end {
            _ = queue.popFirst()
            now = next.at
            if let event = events.removeValue(forKey: next.serial) { perform(event) }
        }
        now = end
    }

    /// The publisher's node imports a site, asks the placed nodes to copy it, and spreads the record.
    mutating func publish(_ publication: Publication, at number: Int) {
        let site = HeldSite(own: publication)
        let content = publication.contentSequence
        nodes[number].disk[publication.publisher] = (site, content)
        act(number, nodes[number].machine.imported(site, now: now))
        deliver(publication, to: number)
        let holders = nodes[number].machine.index.holdersToAsk(
            of: publication.publisher,
            asker: nodes[number].candidate.node
        )
        var machine = PublishMachine(
            publisher: publication.publisher,
            candidates: nodes[number].machine.index.candidates,
            own: nodes[number].candidate.node,
            holders: holders,
            copies: publication.copies,
            byteCount: publication.byteCount
        )
        for case .ask(let node) in machine.start(now: now) {
            guard let asked = numberOf[node] else { continue }
            schedule(.publication(asked, publication), after: .milliseconds(5))
            schedule(.request(asked, publication.publisher, by: number), after: .milliseconds(10))
        }
        spread(publication, from: number)
    }

    /// Spreads a record that changes no content: a renewal or the end of a site.
    mutating func announce(_ publication: Publication, at number: Int) {
        deliver(publication, to: number)
        spread(publication, from: number)
    }

    mutating func kill(_ number: Int) {
        nodes[number].isUp = false
        nodes[number].incarnation += 1
        nodes[number].copies = [:]
        for other in nodes.indices where other != number && nodes[other].isUp {
            schedule(.look(other, at: number), after: .milliseconds(Int.random(in: 1000...4000, using: &rng)))
        }
    }

    mutating func restart(_ number: Int) {
        nodes[number].isUp = true
        let held = nodes[number].disk.values.map(\.site)
        nodes[number].machine = RepairMachine(
            node: nodes[number].candidate.node,
            settings: settings,
            held: held,
            now: now
        )
        introduce(number, isStart: false)
        reconcile()
    }

    mutating func split(_ isInSecondGroup: (Int) -> Bool) {
        for number in nodes.indices { nodes[number].group = isInSecondGroup(number) ? 1 : 0 }
        lookAround()
    }

    mutating func heal() {
        for number in nodes.indices { nodes[number].group = 0 }
        lookAround()
        reconcile()
    }

    // MARK: - What is true

    func reaches(_ one: Int, _ other: Int) -> Bool {
        nodes[one].isUp && nodes[other].isUp && nodes[one].group == nodes[other].group
    }

    /// Nodes that are up and have the content of `publication` on disk.
    func holders(of publication: Publication) -> [Int] {
        nodes.indices.filter { number in
            nodes[number].isUp
                && nodes[number].disk[publication.publisher].map { $0.content >= publication.contentSequence } ?? false
        }
    }

    func operators(_ numbers: [Int]) -> Set<OperatorID> { Set(numbers.map { nodes[$0].candidate.operator }) }

    var operatorsUp: Int { operators(nodes.indices.filter { nodes[$0].isUp }).count }

    // MARK: - Inside

    private mutating func schedule(_ event: Event, after delay: Duration) {
        serial += 1
        queue.insert(Scheduled(at: now + delay, serial: serial))
        events[serial] = event
    }

    private mutating func messageDelay() -> Duration { .milliseconds(Int.random(in: 5...600, using: &rng)) }

    private mutating func introduce(_ number: Int, isStart: Bool) {
        for other in nodes.indices {
            let liveness: Liveness = isStart || other == number ? .alive : .dead
            act(number, nodes[number].machine.memberChanged(nodes[other].candidate, liveness, now: now))
            guard !isStart, other != number else { continue }
            schedule(.look(number, at: other), after: messageDelay())
            schedule(.look(other, at: number), after: messageDelay())
        }
        for publisher in nodes[number].publications.keys.sorted() {
            guard let publication = nodes[number].publications[publisher] else { continue }
            act(number, nodes[number].machine.publicationChanged(publication, now: now))
        }
        for holding in allHoldings(of: number) {
            act(number, nodes[number].machine.holdingChanged(holding, now: now))
        }
    }

    private func allHoldings(of number: Int) -> [Holding] {
        nodes[number].holdings.keys.sorted().flatMap { publisher in
            (nodes[number].holdings[publisher] ?? [:]).values.sorted { $0.node < $1.node }
        }
    }

    private mutating func lookAround() {
        for one in nodes.indices {
            for other in nodes.indices where one != other {
                schedule(.look(one, at: other), after: .milliseconds(Int.random(in: 500...4000, using: &rng)))
            }
        }
    }

    /// Anti-entropy: within some seconds everyone has what anyone reachable has.
    private mutating func reconcile() {
        for one in nodes.indices {
            for other in nodes.indices where one != other && reaches(one, other) {
                for (publisher, publication) in nodes[one].publications.sorted(by: { $0.key < $1.key }) {
                    guard nodes[other].publications[publisher].map({ $0.sequence < publication.sequence }) ?? true
                    else { continue }
                    schedule(.publication(other, publication), after: messageDelay())
                }
                for holding in allHoldings(of: one) {
                    let known = nodes[other].holdings[holding.publisher]?[holding.node]?.version ?? 0
                    guard known < holding.version else { continue }
                    schedule(.holding(other, holding), after: messageDelay())
                }
            }
        }
    }

    private mutating func spread(_ publication: Publication, from number: Int) {
        for other in nodes.indices where other != number && reaches(number, other) {
            schedule(.publication(other, publication), after: messageDelay())
        }
    }

    private mutating func deliver(_ publication: Publication, to number: Int) {
        guard nodes[number].isUp else { return }
        if let seen = nodes[number].publications[publication.publisher], seen.sequence >= publication.sequence {
            return
        }
        nodes[number].publications[publication.publisher] = publication
        act(number, nodes[number].machine.publicationChanged(publication, now: now))
    }

    private mutating func deliver(_ holding: Holding, to number: Int) {
        guard nodes[number].isUp else { return }
        if let seen = nodes[number].holdings[holding.publisher]?[holding.node], seen.version >= holding.version {
            return
        }
        nodes[number].holdings[holding.publisher, default: [:]][holding.node] = holding
        act(number, nodes[number].machine.holdingChanged(holding, now: now))
    }

    private mutating func perform(_ event: Event) {
        switch event {
        case .publication(let number, let publication): deliver(publication, to: number)
        case .holding(let number, let holding): deliver(holding, to: number)
        case .look(let number, let other):
            guard nodes[number].isUp else { return }
            let liveness: Liveness = reaches(number, other) ? .alive : .dead
            act(number, nodes[number].machine.memberChanged(nodes[other].candidate, liveness, now: now))
        case .wake(let number, _):
            if nodes[number].isUp { act(number, nodes[number].machine.tick(now: now)) }
        case .request(let number, let publisher, let asker):
            guard reaches(number, asker) else { return }
            act(number, nodes[number].machine.holdRequested(publisher, by: nodes[asker].candidate.node, now: now))
        case .copied(let number, let publisher, let ticket): finishCopy(number, publisher, ticket)
        }
    }

    private mutating func finishCopy(_ number: Int, _ publisher: PublisherID, _ ticket: UInt64) {
        guard nodes[number].isUp, let copy = nodes[number].copies[publisher], copy.ticket == ticket else { return }
        nodes[number].copies[publisher] = nil
        let hasSource = copy.sources.contains { source in
            guard let source = numberOf[source], reaches(number, source) else { return false }
            return nodes[source].disk[publisher].map { $0.content >= copy.content } ?? false
        }
        guard hasSource, !copyFailure.occurs(using: &rng) else {
            act(number, nodes[number].machine.copyFailed(publisher, sequence: copy.sequence, now: now))
            return
        }
        let site = HeldSite(
            publisher: publisher,
            sequence: copy.sequence,
            roots: copy.roots,
            leaseEnd: copy.leaseEnd,
            isOwn: nodes[number].disk[publisher]?.site.isOwn ?? false
        )
        nodes[number].disk[publisher] = (site, copy.content)
        act(number, nodes[number].machine.copySucceeded(publisher, sequence: copy.sequence, now: now))
    }

    /// Performs what a machine asks for, and watches over what must never happen.
    private mutating func act(_ number: Int, _ effects: [RepairEffect]) {
        for effect in effects {
            switch effect {
            case .fetch(let publisher, let sequence, let roots, let sources):
                guard let publication = nodes[number].machine.index.publication(of: publisher) else { continue }
                fetches += 1
                serial += 1
                nodes[number].copies[publisher] = Copy(
                    ticket: serial,
                    sequence: sequence,
                    content: publication.contentSequence,
                    roots: roots,
                    leaseEnd: publication.leaseEnd,
                    sources: sources
                )
                if sources.isEmpty { violations.append("a fetch from nobody") }
                let ticket = serial
                schedule(
                    .copied(number, publisher, ticket: ticket),
                    after: .milliseconds(Int.random(in: 300...4000, using: &rng))
                )
            case .cancel(let publisher): nodes[number].copies[publisher] = nil
            case .state(let holding):
                if holding.state == .holding, nodes[number].disk[holding.publisher] == nil {
                    violations.append("node \(number) states what it does not hold")
                }
                nodes[number].holdings[holding.publisher, default: [:]][holding.node] = holding
                for other in nodes.indices where other != number && reaches(number, other) {
                    schedule(.holding(other, holding), after: messageDelay())
                }
                copiesPeak = max(copiesPeak, nodes[number].machine.index.liveHolders(of: holding.publisher).count)
            case .retain(let site): nodes[number].disk[site.publisher]?.site = site
            case .release(let publisher): release(number, publisher)
            case .refuse(_, let reason): violations.append("node \(number) refuses: \(reason)")
            case .wake(let at): schedule(.wake(number, at), after: at - now)
            }
        }
    }

    private mutating func release(_ number: Int, _ publisher: PublisherID) {
        let had = nodes[number].disk.removeValue(forKey: publisher)
        guard had != nil, let publication = nodes[number].publications[publisher], publication.isPublished else {
            return
        }
        guard now < publication.leaseEnd else { return }
        let others = holders(of: publication).filter { reaches(number, $0) }
        if operators(others).isEmpty { violations.append("node \(number) freed the last copy within its lease") }
    }
}
