import Core
import Placement
import Publishing
import Testing

@Suite struct SiteIndexTests {
    /// `nodes` living nodes, each its own operator.
    private func index(nodes: Int) -> SiteIndex {
        var index = SiteIndex()
        for number in 0..<nodes { _ = index.apply(candidate(number), .alive, now: start) }
        return index
    }

    @Test func holders_comeAndGo_areCounted() throws {
        var index = index(nodes: 7)
        let site = try publication(1, root: 1)
        index.apply(site, now: start)
        #expect(index.copies(of: site.publisher) == CopyCount(live: 0, target: 5, wanted: 5))
        for node in 0..<6 { index.apply(holding(node, of: site), now: start) }
        #expect(index.copies(of: site.publisher) == CopyCount(live: 5, target: 5, wanted: 5))
        #expect(index.liveHolders(of: site.publisher).count == 6)

        let touched = (0..<3).map { index.apply(candidate(min($0, 1)), .dead, now: start) }
        #expect(touched == [[site.publisher], [site.publisher], []])
        #expect(index.totals == CopyCount(live: 4, target: 5, wanted: 5))
        #expect(index.totals.missing == 1)

        _ = index.apply(candidate(2), .dead, now: start)
        #expect(index.totals.target == 4, "four operators are left")
        _ = index.apply(candidate(0), .suspect, now: start)
        #expect(index.totals == CopyCount(live: 4, target: 5, wanted: 5), "a suspect counts")
        index.apply(holding(3, of: site, state: .withdrawn, version: 2), now: start)
        index.apply(holding(4, of: site, state: .init(code: 9), version: 2), now: start)
        #expect(index.totals.live == 2, "an unknown state is no copy")
        let forgotten = index.forget(nodeID(5))
        #expect(forgotten == [site.publisher])
        #expect(index.totals.live == 1)
    }

    @Test func operator_holdsTwice_countsOnce() throws {
        var index = SiteIndex()
        for number in 0..<4 { _ = index.apply(candidate(number, operator: number / 2), .alive, now: start) }
        let site = try publication(1, root: 1, copies: 4)
        index.apply(site, now: start)
        for node in 0..<4 { index.apply(holding(node, of: site), now: start) }
        #expect(index.totals == CopyCount(live: 2, target: 2, wanted: 4))
    }

    @Test func newContent_isPublished_oldHoldingsDoNotCountButRenewalsKeepThem() throws {
        var index = index(nodes: 5)
        let first = try publication(1, root: 1)
        index.apply(first, now: start)
        for node in 0..<5 { index.apply(holding(node, of: first), now: start) }
        let renewed = try publication(1, root: 1, after: first, now: start + .seconds(1))
        index.apply(renewed, now: start + .seconds(1))
        #expect(index.totals.live == 5)
        let second = try publication(1, root: 2, after: renewed, now: start + .seconds(2))
        index.apply(second, now: start + .seconds(2))
        #expect(index.totals.live == 0)
        let isOlderTaken = index.apply(renewed, now: start + .seconds(2))
        #expect(!isOlderTaken, "an older publication changes nothing")
        index.apply(holding(3, of: second, version: 2), now: start + .seconds(2))
        #expect(index.totals.live == 1)
        let isOlderHeard = index.apply(holding(3, of: first, version: 1), now: start)
        #expect(!isOlderHeard, "nor does an older statement")
        #expect(index.holdersToAsk(of: first.publisher, asker: nodeID(9)).first == nodeID(3))
        #expect(index.holdersToAsk(of: first.publisher, asker: nodeID(3)).count == 4)
        #expect(index.publishers(ofRoot: cid(1)) == [first.publisher])
        #expect(index.holdersToAsk(ofRoot: cid(1), asker: nodeID(9)).count == 5)
    }

    @Test func lease_ends_siteIsForgotten() throws {
        var index = index(nodes: 5)
        let site = try publication(1, root: 1, lease: .seconds(100))
        index.apply(holding(2, of: site), now: start)
        index.apply(site, now: start)
        #expect(index.totals.live == 1, "the statement was here before the publication")
        let renewed = try publication(1, root: 1, lease: .seconds(200), after: site, now: start + .seconds(10))
        index.apply(renewed, now: start + .seconds(10))
        #expect(index.nextExpiry == site.leaseEnd)
        var expired = index.expire(now: site.leaseEnd)
        #expect(expired == [site.publisher], "the statement ended, the lease was renewed")
        #expect(index.publishedCount == 1 && index.totals.live == 0)
        expired = index.expire(now: renewed.leaseEnd)
        #expect(expired == [site.publisher])
        #expect(index.publishedCount == 0 && index.totals == CopyCount(live: 0, target: 0, wanted: 0))
        #expect(index.publishers(ofRoot: cid(1)).isEmpty)
        let isEndedTaken = index.apply(renewed, now: renewed.leaseEnd)
        #expect(!isEndedTaken)
    }

    @Test func site_isUnpublished_leavesTheTotals() throws {
        var index = index(nodes: 5)
        let site = try publication(1, root: 1)
        index.apply(site, now: start)
        index.apply(holding(1, of: site), now: start)
        index.apply(try site.unpublished(ipns: [], sequence: site.sequence + 1), now: start)
        #expect(index.totals == CopyCount(live: 0, target: 0, wanted: 0))
        #expect(index.copies(of: site.publisher) == nil)
        #expect(index.liveHolders(of: site.publisher).isEmpty)
    }

    @Test(arguments: UInt64(0)..<30)
    func index_changesAtRandom_totalsEqualARecount(seed: UInt64) throws {
        var rng = SplitMix64(seed: seed)
        var index = SiteIndex()
        var sites: [Int: Publication] = [:]
        var now = start
        for step in 0..<250 {
            now = now + .milliseconds(Int.random(in: 0...2000, using: &rng))
            let number = Int.random(in: 0..<6, using: &rng)
            let node = Int.random(in: 0..<10, using: &rng)
            switch Int.random(in: 0..<10, using: &rng) {
            case 0, 1:
                let lease = Duration.seconds(Int.random(in: 1...300, using: &rng))
                let copies = Int.random(in: 1...5, using: &rng)
                let next = try publication(
                    number,
                    root: step % 7,
                    copies: copies,
                    lease: lease,
                    after: sites[number],
                    now: now
                )
                sites[number] = next
                index.apply(next, now: now)
            case 2...5:
                guard let site = sites[number] else { continue }
                let state: Holding.State = Bool.random(using: &rng) ? .holding : .withdrawn
                index.apply(holding(node, of: site, state: state, version: UInt64(step)), now: now)
            case 6: _ = index.forget(nodeID(node))
            case 7: _ = index.expire(now: now)
            default:
                let liveness: Liveness = [.alive, .suspect, .dead].randomElement(using: &rng) ?? .alive
                _ = index.apply(candidate(node, operator: node % 6), liveness, now: now)
            }
            let counts = index.publishers.compactMap { index.copies(of: $0) }
            let expected = CopyCount(
                live: counts.reduce(0) { $0 + $1.live },
                target: counts.reduce(0) { $0 + $1.target },
                wanted: counts.reduce(0) { $0 + $1.wanted }
            )
            #expect(index.totals == expected, "step \(step)")
            for publisher in index.publishers {
                let holders = index.liveHolders(of: publisher).compactMap { id in (0..<10).first { nodeID($0) == id } }
                #expect((index.copies(of: publisher)?.live ?? 0) <= Set(holders.map { $0 % 6 }).count)
            }
        }
    }

    @Test(arguments: UInt64(0)..<30)
    func coverSet_isAsked_holdsEverySiteOncePerRound(seed: UInt64) throws {
        var rng = SplitMix64(seed: seed)
        var index = index(nodes: 12)
        var holders: [PublisherID: Set<NodeID>] = [:]
        for number in 0..<25 {
            let site = try publication(number, root: number)
            index.apply(site, now: start)
            for node in (0..<12).shuffled(using: &rng).prefix(Int.random(in: 1...5, using: &rng)) {
                index.apply(holding(node, of: site), now: start)
                holders[site.publisher, default: []].insert(nodeID(node))
            }
        }
        _ = index.apply(candidate(5), .dead, now: start)
        let rounds = index.coverSet(excluding: [nodeID(7)], rounds: 3)
        #expect(Set(rounds.joined()).count == rounds.joined().count, "nobody is asked twice")
        #expect(Set(rounds.joined()).isDisjoint(with: [nodeID(5), nodeID(7)]))
        for (publisher, stated) in holders {
            let reachable = stated.subtracting([nodeID(5), nodeID(7)])
            for round in 1...3 {
                let asked = Set(rounds.prefix(round).joined())
                #expect(asked.intersection(reachable).count >= min(round, reachable.count), "\(publisher.short)")
            }
        }
        #expect(index.coverSet(rounds: 3, nodesMax: 2).joined().count == 2)
    }

    @Test func coverSet_oneNodeHoldsAll_namesItAlone() throws {
        var index = index(nodes: 6)
        for number in 0..<20 {
            let site = try publication(number, root: number)
            index.apply(site, now: start)
            index.apply(holding(number % 5, of: site), now: start)
            index.apply(holding(5, of: site), now: start)
        }
        #expect(index.coverSet(rounds: 1) == [[nodeID(5)]])
        #expect(index.coverSet(rounds: 2).last?.count == 5)
    }
}
