import Core
import Placement
import Publishing
import Testing

/// One machine, one event at a time.
@Suite struct RepairMachineTests {
    /// The machine of node 0 in a mesh of that many nodes, each its own operator, that has been up for a day.
    private func machine(nodes: Int, held: [HeldSite] = [], _ change: (inout RepairSettings) -> Void = { _ in })
        -> RepairMachine
    {
        var settings = RepairSettings()
        change(&settings)
        var machine = RepairMachine(node: nodeID(0), settings: settings, held: held, now: start)
        for number in 0..<nodes { _ = machine.memberChanged(candidate(number), .alive, now: start) }
        return machine
    }

    private func fetches(_ effects: [RepairEffect]) -> [PublisherID] {
        effects.compactMap { if case .fetch(let publisher, _, _, _) = $0 { publisher } else { nil } }
    }

    private func states(_ effects: [RepairEffect]) -> [Holding.State] {
        effects.compactMap { if case .state(let holding) = $0 { holding.state } else { nil } }
    }

    private func retained(_ effects: [RepairEffect]) -> [[CID]] {
        effects.compactMap { if case .retain(let site) = $0 { site.roots } else { nil } }
    }

    /// A site held by all of `holders`; node 0 is placed as soon as one of them is lost.
    private func teach(_ machine: inout RepairMachine, _ site: Publication, holders: [Int], now: Instant = start) {
        _ = machine.publicationChanged(site, now: now)
        for node in holders { _ = machine.holdingChanged(holding(node, of: site), now: now) }
    }

    @Test func holderFallsSilent_isReplacedAfterTheDelayAndNotBefore() throws {
        var machine = machine(nodes: 6)
        let site = try publication(1, root: 1)
        teach(&machine, site, holders: [1, 2, 3, 4, 5])
        let death = start + .seconds(1000)
        var effects = machine.memberChanged(candidate(3), .dead, now: death)
        #expect(effects.contains(.wake(at: death + .seconds(600))))
        effects = machine.tick(now: death + .seconds(599))
        #expect(fetches(effects).isEmpty)
        effects = machine.tick(now: death + .seconds(600))
        #expect(fetches(effects) == [site.publisher])
        guard case .fetch(_, let sequence, let roots, let sources) = effects.first else { return }
        #expect(sequence == site.sequence && roots == [cid(1)])
        #expect(Set(sources) == Set([1, 2, 4, 5].map(nodeID)))

        effects = machine.copySucceeded(site.publisher, sequence: sequence, now: death + .seconds(630))
        #expect(retained(effects) == [[cid(1)]])
        #expect(states(effects) == [.holding])
        #expect(machine.holds(site.publisher, sequence: site.sequence))
        #expect(machine.index.totals == CopyCount(live: 5, target: 5, wanted: 5))
    }

    private func floor(of site: Publication, roots: [CID], sequence: UInt64 = 1) throws -> SiteFloor {
        try SiteFloor(
            mesh: site.mesh,
            publisher: site.publisher,
            sponsor: site.sponsor,
            sequence: sequence,
            roots: roots,
            byteCount: roots.isEmpty ? 0 : 1_000,
            segments: roots.isEmpty ? [] : [.init(id: Digest(hashing: [1]), k: 1, n: 3)],
            leaseEnd: site.leaseEnd
        )
    }

    /// Every holder is gone: without a floor nothing can be done, with one the copy comes from it.
    @Test func allHoldersFallSilent_siteIsMadeFromItsFloor() throws {
        var machine = machine(nodes: 6)
        let site = try publication(1, root: 1)
        teach(&machine, site, holders: [1, 2, 3, 4, 5])
        let death = start + .seconds(1000)
        for node in 1...5 { _ = machine.memberChanged(candidate(node), .dead, now: death) }
        #expect(fetches(machine.tick(now: death + .seconds(600))).isEmpty)
        let other = machine.floorChanged(try floor(of: site, roots: [cid(9)]), now: death + .seconds(601))
        #expect(!machine.index.isFloored(site.publisher, now: death + .seconds(601)))
        let later = machine.tick(now: death + .seconds(700))
        #expect(fetches(other + later).isEmpty, "the floor of another version")
        var effects = machine.floorChanged(
            try floor(of: site, roots: [cid(1)], sequence: 2),
            now: death + .seconds(701)
        )
        effects += machine.tick(now: death + .seconds(800))
        guard case .fetch(site.publisher, let sequence, [cid(1)], let sources) = effects.first else {
            Issue.record("a copy is made: \(effects)")
            return
        }
        #expect(sources.isEmpty)
        let done = machine.copySucceeded(site.publisher, sequence: sequence, now: death + .seconds(801))
        #expect(retained(done) == [[cid(1)]] && states(done) == [.holding])
    }

    /// A floor that ended or expired is none.
    @Test func floorEnds_siteWithoutHoldersIsNotTried() throws {
        var machine = machine(nodes: 6)
        let site = try publication(1, root: 1)
        teach(&machine, site, holders: [1])
        _ = machine.floorChanged(try floor(of: site, roots: [cid(1)]), now: start)
        #expect(machine.index.isFloored(site.publisher, now: start))
        _ = machine.floorChanged(try floor(of: site, roots: [], sequence: 2), now: start)
        #expect(!machine.index.isFloored(site.publisher, now: start))
        _ = machine.floorChanged(try floor(of: site, roots: [cid(1)], sequence: 3), now: start)
        _ = machine.floorForgotten(site.publisher, now: start)
        #expect(!machine.index.isFloored(site.publisher, now: start))
        let death = start + .seconds(1000)
        _ = machine.memberChanged(candidate(1), .dead, now: death)
        #expect(fetches(machine.tick(now: death + .seconds(700))).isEmpty)
    }

    @Test func holderReturns_whileItsCopyIsMade_copyIsCalledOff() throws {
        var machine = machine(nodes: 6)
        let site = try publication(1, root: 1)
        teach(&machine, site, holders: [1, 2, 3, 4, 5])
        _ = machine.memberChanged(candidate(3), .dead, now: start + .seconds(1000))
        let late = start + .seconds(1600)
        _ = machine.tick(now: late)
        #expect(machine.copiesInFlight == 1)
        var effects = machine.memberChanged(candidate(3), .alive, now: late + .seconds(5))
        #expect(effects.contains(.cancel(site.publisher)) && machine.copiesInFlight == 0)
        effects = machine.copySucceeded(site.publisher, sequence: site.sequence, now: late + .seconds(5))
        #expect(effects.first == .release(site.publisher), "a success that crossed is dropped")
        #expect(states(effects).isEmpty)
    }

    @Test func oneCopyIsLeft_isCopiedAlmostAtOnce() throws {
        var machine = machine(nodes: 6)
        let site = try publication(1, root: 1)
        teach(&machine, site, holders: [1, 2, 3, 4, 5])
        let death = start + .seconds(1000)
        for node in 2...5 { _ = machine.memberChanged(candidate(node), .dead, now: death) }
        let effects = machine.tick(now: death + .seconds(10))
        #expect(fetches(effects) == [site.publisher])
    }

    @Test func manySitesLackCopies_mostEndangeredIsFirstAndFlightsAreBounded() throws {
        var machine = machine(nodes: 6) { $0.copiesInFlightMax = 1 }
        let safe = try publication(1, root: 1)
        let endangered = try publication(2, root: 2)
        let middling = try publication(3, root: 3)
        teach(&machine, safe, holders: [1, 2, 3, 5])
        teach(&machine, endangered, holders: [1, 5])
        teach(&machine, middling, holders: [1, 2, 5])
        let late = start + .seconds(1000)
        _ = machine.memberChanged(candidate(5), .dead, now: start + .seconds(1))
        var order = fetches(machine.tick(now: late))
        for _ in 0..<2 {
            let publisher = try #require(order.last)
            order += fetches(machine.copyFailed(publisher, sequence: safe.sequence, now: late))
        }
        #expect(order == [endangered.publisher, middling.publisher, safe.publisher], "a failure never stops the rest")
    }

    @Test func copyFails_isTriedAgainWithGrowingDelays() throws {
        var machine = machine(nodes: 6)
        let site = try publication(1, root: 1)
        teach(&machine, site, holders: [1, 2, 3, 4])
        var now = start + .seconds(601)
        let first = machine.tick(now: now)
        #expect(!fetches(first).isEmpty)
        for seconds in [5, 10, 20, 40] {
            _ = machine.copyFailed(site.publisher, sequence: site.sequence, now: now)
            let early = machine.tick(now: now + .seconds(seconds) - .milliseconds(1))
            #expect(fetches(early).isEmpty)
            now = now + .seconds(seconds)
            let due = machine.tick(now: now)
            #expect(fetches(due) == [site.publisher], "after \(seconds) s")
        }
    }

    @Test func standIn_waitsItsTurnAndStandsDown() throws {
        // Nodes 0 and 1 share an operator and are the only ones free: one is placed, the other stands in.
        let site = try (0..<20).map { try publication($0, root: 1, copies: 2) }
        let members = [
            candidate(0, operator: 7, hosting: 1, jurisdiction: 1),
            candidate(1, operator: 7, hosting: 1, jurisdiction: 1),
            candidate(2, operator: 8),
        ]
        var (immediate, waiting) = (0, 0)
        for site in site {
            var machine = RepairMachine(node: nodeID(0), now: start)
            for member in members { _ = machine.memberChanged(member, .alive, now: start) }
            teach(&machine, site, holders: [2])
            let due = start + .seconds(10)
            if !fetches(machine.tick(now: due)).isEmpty {
                immediate += 1
                continue
            }
            waiting += 1
            let early = machine.tick(now: due + .seconds(29))
            #expect(fetches(early).isEmpty)
            var other = machine
            let turn = machine.tick(now: due + .seconds(31))
            #expect(fetches(turn) == [site.publisher])
            _ = other.holdingChanged(holding(1, of: site), now: due + .seconds(29))
            let standDown = other.tick(now: due + .seconds(31))
            #expect(fetches(standDown).isEmpty)
        }
        #expect(immediate > 3 && waiting > 3, "\(immediate) \(waiting)")
    }

    @Test func surplusLasts_worstPlacedCopyIsWithdrawnThenFreed() throws {
        var (stayed, left) = (0, 0)
        for other in 1..<12 {
            let site = try publication(other, root: 1, copies: 2)
            let mine = HeldSite(
                publisher: site.publisher,
                sequence: site.sequence,
                roots: [cid(1)],
                leaseEnd: site.leaseEnd
            )
            var machine = machine(nodes: 15, held: [mine])
            teach(&machine, site, holders: [0, other, other + 1])
            let grace = start + .seconds(900)
            let early = machine.tick(now: grace - .milliseconds(1))
            #expect(states(early).isEmpty)
            let effects = machine.tick(now: grace)
            guard states(effects) == [.withdrawn] else {
                stayed += 1
                continue
            }
            left += 1
            #expect(machine.heldRoots(at: grace) == [cid(1)], "still served")
            var needed = machine
            let freed = machine.tick(now: grace + .seconds(60))
            #expect(freed.contains(.release(site.publisher)) && machine.heldSites.isEmpty)

            _ = needed.memberForgotten(nodeID(other), now: grace + .seconds(30))
            #expect(needed.index.totals.live == 2, "the withdrawn copy is taken back before another one is made")
            #expect(needed.holds(site.publisher, sequence: site.sequence))
        }
        #expect(stayed > 0 && left > 0, "\(stayed) \(left)")
    }

    @Test func surplusLasts_publishersOwnNodeStays() throws {
        let site = try publication(1, root: 1, copies: 1)
        for other in 1..<10 {
            var machine = machine(nodes: 15)
            _ = machine.publicationChanged(site, now: start)
            let effects = machine.imported(HeldSite(own: site), now: start)
            #expect(states(effects) == [.holding])
            _ = machine.holdingChanged(holding(other, of: site), now: start)
            let later = machine.tick(now: start + day(1))
            #expect(states(later).isEmpty)
        }
    }

    @Test func publishersNodeLendsNothing_keepsItsSiteButStatesNoCopy() throws {
        var machine = RepairMachine(node: nodeID(0), now: start)
        _ = machine.memberChanged(candidate(0, weight: 0), .alive, now: start)
        let site = try publication(1, root: 1)
        _ = machine.publicationChanged(site, now: start)
        let effects = machine.imported(HeldSite(own: site), now: start)
        #expect(states(effects).isEmpty)
        #expect(machine.heldRoots(at: start) == [cid(1)])
    }

    @Test func newVersionAppears_holderFetchesItAndKeepsTheOldOneMeanwhile() throws {
        let first = try publication(1, root: 1)
        let mine = HeldSite(
            publisher: first.publisher,
            sequence: first.sequence,
            roots: [cid(1)],
            leaseEnd: first.leaseEnd
        )
        var machine = machine(nodes: 6, held: [mine])
        teach(&machine, first, holders: [1, 2, 3, 4])
        let now = start + .seconds(50)
        let second = try publication(1, root: 2, after: first, now: now)
        var effects = machine.publicationChanged(second, now: now)
        #expect(fetches(effects).isEmpty, "nobody has it yet")
        effects = machine.holdingChanged(holding(4, of: second, version: 2), now: now)
        #expect(
            effects.contains(
                .fetch(second.publisher, sequence: second.sequence, roots: [cid(2), cid(1)], from: [nodeID(4)])
            )
        )
        #expect(machine.heldRoots(at: now) == [cid(1), cid(2)])
        effects = machine.copySucceeded(second.publisher, sequence: second.sequence, now: now)
        #expect(retained(effects) == [[cid(2), cid(1)]])
        #expect(states(effects) == [.holding])
    }

    @Test func renewal_arrives_isRestatedWithoutACopy() throws {
        let first = try publication(1, root: 1)
        let mine = HeldSite(
            publisher: first.publisher,
            sequence: first.sequence,
            roots: [cid(1)],
            leaseEnd: first.leaseEnd
        )
        var machine = machine(nodes: 6, held: [mine])
        teach(&machine, first, holders: [1, 2, 3, 4])
        let renewed = try publication(1, root: 1, after: first, now: start + day(60))
        let effects = machine.publicationChanged(renewed, now: start + day(60))
        #expect(states(effects) == [.holding] && fetches(effects).isEmpty)
        #expect(
            effects.contains { if case .retain(let site) = $0 { site.leaseEnd == renewed.leaseEnd } else { false } }
        )
        #expect(machine.heldRoots(at: first.leaseEnd + day(1)) == [cid(1)], "the lease was renewed")
        #expect(machine.heldSites.first?.leaseEnd == renewed.leaseEnd)
    }

    @Test func versionAgesOut_isLetGoThen() throws {
        var site = try publication(1, root: 0)
        for index in 1..<11 { site = try publication(1, root: index, after: site, now: start + .seconds(index)) }
        var machine = machine(nodes: 3)
        _ = machine.publicationChanged(site, now: start + .seconds(20))
        _ = machine.imported(HeldSite(own: site), now: start + .seconds(20))
        #expect(machine.heldRoots(at: start + .seconds(20)).count == 11)
        _ = machine.tick(now: start + day(30) - .milliseconds(1))
        #expect(machine.heldRoots(at: start + day(30)).contains(cid(0)))
        let effects = machine.tick(now: start + day(30))
        #expect(retained(effects) == [(1..<11).reversed().map(cid)])
        #expect(!machine.heldRoots(at: start + day(30)).contains(cid(0)))
    }

    @Test func leaseEnds_siteIsReleasedAfterTheSlack() throws {
        let site = try publication(1, root: 1)
        var machine = machine(nodes: 3)
        _ = machine.publicationChanged(site, now: start)
        _ = machine.imported(HeldSite(own: site), now: start)
        let early = machine.tick(now: site.leaseEnd + .seconds(59))
        #expect(!early.contains(.release(site.publisher)))
        let due = machine.tick(now: site.leaseEnd + .seconds(60))
        #expect(due.contains(.release(site.publisher)))
    }

    @Test func restart_withoutAnyRecords_keepsWhatIsOnDiskUntilItsLeaseEnds() throws {
        let site = try publication(1, root: 1)
        let mine = HeldSite(
            publisher: site.publisher,
            sequence: site.sequence,
            roots: [cid(1)],
            leaseEnd: site.leaseEnd
        )
        var machine = RepairMachine(node: nodeID(0), held: [mine], now: start)
        let early = machine.tick(now: start + day(89))
        #expect(!early.contains(.release(site.publisher)))
        #expect(machine.heldRoots(at: start + day(89)) == [cid(1)])
        let due = machine.tick(now: site.leaseEnd + .seconds(60))
        #expect(due.contains(.release(site.publisher)))
    }

    @Test func unpublished_isWithdrawnAndReleasedAtOnce() throws {
        let site = try publication(1, root: 1)
        var machine = machine(nodes: 3)
        _ = machine.publicationChanged(site, now: start)
        _ = machine.imported(HeldSite(own: site), now: start)
        let end = try site.unpublished(ipns: [], sequence: site.sequence + 1)
        let effects = machine.publicationChanged(end, now: start + .seconds(1))
        #expect(states(effects) == [.withdrawn])
        #expect(effects.contains(.release(site.publisher)))
        #expect(machine.heldRoots(at: start + .seconds(1)).isEmpty)
    }

    @Test func diskWasLost_oldStatementIsWithdrawn() throws {
        var machine = machine(nodes: 3)
        let site = try publication(1, root: 1)
        _ = machine.publicationChanged(site, now: start)
        let effects = machine.holdingChanged(holding(0, of: site), now: start)
        #expect(states(effects) == [.withdrawn])
    }

    @Test func holdIsRequested_isAcceptedBoundedOrRefusedWithAReason() throws {
        var machine = machine(nodes: 4) { $0.requestsInFlightMax = 1 }
        let site = try publication(1, root: 1)
        let other = try publication(2, root: 2)
        var effects = machine.holdRequested(site.publisher, by: nodeID(3), now: start)
        #expect(effects.first == .refuse(site.publisher, .unknownSite))
        _ = machine.publicationChanged(site, now: start)
        _ = machine.publicationChanged(other, now: start)
        effects = machine.holdRequested(site.publisher, by: nodeID(3), now: start)
        #expect(effects.first == .fetch(site.publisher, sequence: site.sequence, roots: [cid(1)], from: [nodeID(3)]))
        effects = machine.holdRequested(other.publisher, by: nodeID(3), now: start)
        #expect(effects.first == .refuse(other.publisher, .busy(inFlightMax: 1)))
        effects = machine.copySucceeded(site.publisher, sequence: site.sequence, now: start)
        #expect(states(effects) == [.holding])
        effects = machine.holdRequested(site.publisher, by: nodeID(3), now: start)
        #expect(fetches(effects).isEmpty && machine.holds(site.publisher, sequence: site.sequence))

        let large = try publication(3, root: 3, bytes: 1 << 40)
        _ = machine.publicationChanged(large, now: start)
        effects = machine.holdRequested(large.publisher, by: nodeID(3), now: start)
        #expect(effects.first == .refuse(large.publisher, .noRoom(lent: 1 << 30, needed: 1 << 40)))
    }

    @Test func thousandsOfSitesAreDueAtOnce_workIsDividedOverWakeUps() throws {
        var machine = machine(nodes: 7)
        for number in 0..<1500 {
            let site = try publication(number, root: number)
            _ = machine.publicationChanged(site, now: start)
            _ = machine.holdingChanged(holding(1, of: site), now: start)
        }
        let now = start + .seconds(5)
        let effects = machine.memberChanged(candidate(1), .dead, now: now)
        #expect(effects.contains(.wake(at: now)), "the rest is looked at next")
        let rest = machine.tick(now: now)
        #expect(rest.contains { if case .wake(let at) = $0 { at > now } else { false } })
    }
}
