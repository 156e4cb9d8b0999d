import Core
import Placement
import Publishing
import Testing

/// Whole meshes that lose, regain and divide their nodes. Replay a failure with its seed.
@Suite struct RepairSimulationTests {
    private let siteCount = 3

    /// A mesh with all sites placed, by nodes drawn at random.
    private func meshWithSites(
        seed: UInt64,
        nodes: ClosedRange<Int> = 12...20,
        lease: Duration = day(90)
    ) throws -> (mesh: SimulatedMesh, sites: [Publication], owners: [Int]) {
        var rng = SplitMix64(seed: seed ^ 0xABCD)
        let count = Int.random(in: nodes, using: &rng)
        var mesh = SimulatedMesh(
            seed: seed,
            nodes: count,
            operators: Int.random(in: 9...max(9, count / 2 + 3), using: &rng)
        )
        var sites: [Publication] = []
        var owners: [Int] = []
        for number in 0..<siteCount {
            let owner = Int.random(in: 0..<count, using: &rng)
            let sponsor = mesh.nodes[owner].candidate.operator
            let site = try publication(number, root: number * 100, lease: lease, sponsor: sponsor, now: mesh.now)
            mesh.publish(site, at: owner)
            sites.append(site)
            owners.append(owner)
            mesh.run(for: .seconds(6))
        }
        return (mesh, sites, owners)
    }

    private func expectFullStrength(
        _ mesh: SimulatedMesh,
        _ sites: [Publication],
        exactly: Bool,
        _ what: Comment,
        seed: UInt64,
        location: SourceLocation = #_sourceLocation
    ) {
        #expect(mesh.violations.isEmpty, "\(mesh.violations), \(what), seed \(seed)", sourceLocation: location)
        for site in sites {
            let holders = mesh.holders(of: site)
            let target = min(site.copies, mesh.operatorsUp)
            #expect(
                exactly ? mesh.operators(holders).count == target : mesh.operators(holders).count >= target,
                "\(what), seed \(seed): \(holders)",
                sourceLocation: location
            )
            #expect(
                !exactly || holders.count == mesh.operators(holders).count,
                "two copies on one operator, \(what), seed \(seed): \(holders)",
                sourceLocation: location
            )
        }
        for node in mesh.nodes where node.isUp {
            let totals = node.machine.index.totals
            #expect(totals.live == totals.target, "\(what), seed \(seed)", sourceLocation: location)
        }
    }

    @Test(arguments: UInt64(0)..<100)
    func sites_arePublished_areAtFullStrengthWithoutRepair(seed: UInt64) throws {
        let (mesh, sites, owners) = try meshWithSites(seed: seed)
        expectFullStrength(mesh, sites, exactly: true, "after publishing", seed: seed)
        for (site, owner) in zip(sites, owners) { #expect(mesh.holders(of: site).contains(owner)) }
        #expect(mesh.fetches == 4 * siteCount, "nothing was copied but what was asked for")
    }

    @Test(arguments: UInt64(0)..<100)
    func thirdOfTheNodes_isKilledOneByOne_everySiteIsMadeWholeAgain(seed: UInt64) throws {
        var (mesh, sites, _) = try meshWithSites(seed: seed)
        let victims = mesh.nodes.indices.shuffled(using: &mesh.rng).prefix(mesh.nodes.count / 3)
        for victim in victims {
            mesh.kill(victim)
            mesh.run(for: .seconds(Int.random(in: 12...60, using: &mesh.rng)))
            for site in sites {
                let holders = mesh.holders(of: site)
                #expect(mesh.operators(holders).count == holders.count, "two copies on one operator, seed \(seed)")
                #expect(!holders.isEmpty, "lost, seed \(seed)")
            }
        }
        mesh.run(for: .seconds(120))
        expectFullStrength(mesh, sites, exactly: true, "after \(victims.count) deaths", seed: seed)
        #expect(mesh.copiesPeak <= 6, "seed \(seed): \(mesh.copiesPeak) copies at a time")
    }

    @Test(arguments: UInt64(0)..<60)
    func nodes_dieAndReturnWhileCopiesFail_surplusShrinksBack(seed: UInt64) throws {
        var (mesh, sites, _) = try meshWithSites(seed: seed)
        mesh.copyFailure = Ratio(1, in: 5)
        for _ in 0..<6 {
            let victim = Int.random(in: 0..<mesh.nodes.count, using: &mesh.rng)
            guard mesh.nodes[victim].isUp else { continue }
            mesh.kill(victim)
            mesh.run(for: .seconds(Int.random(in: 1...50, using: &mesh.rng)))
            let dead = mesh.nodes.indices.filter { !mesh.nodes[$0].isUp }
            if let returning = dead.randomElement(using: &mesh.rng), Bool.random(using: &mesh.rng) {
                mesh.restart(returning)
            }
        }
        for number in mesh.nodes.indices where !mesh.nodes[number].isUp { mesh.restart(number) }
        mesh.run(for: .seconds(300))
        expectFullStrength(mesh, sites, exactly: true, "after all returned", seed: seed)
        #expect(mesh.copiesPeak <= 10, "seed \(seed)")
    }

    @Test(arguments: UInt64(0)..<60)
    func node_returnsWithinTheDelay_nothingIsCopied(seed: UInt64) throws {
        var (mesh, sites, owners) = try meshWithSites(seed: seed)
        let before = mesh.fetches
        mesh.kill(owners[0])
        mesh.run(for: .seconds(Int.random(in: 1...18, using: &mesh.rng)))
        mesh.restart(owners[0])
        mesh.run(for: .seconds(120))
        #expect(mesh.fetches == before, "it was re-adopted, seed \(seed)")
        expectFullStrength(mesh, sites, exactly: true, "after a restart", seed: seed)
    }

    @Test(arguments: UInt64(0)..<60)
    func mesh_isSplitAndHealed_bothSidesRepairAndSurplusShrinks(seed: UInt64) throws {
        var (mesh, sites, _) = try meshWithSites(seed: seed)
        let second = Set(mesh.nodes.indices.filter { _ in Bool.random(using: &mesh.rng) })
        mesh.split { second.contains($0) }
        mesh.run(for: .seconds(150))
        for site in sites {
            for side in [0, 1] {
                let members = mesh.nodes.indices.filter { mesh.nodes[$0].group == side }
                let holders = mesh.holders(of: site).filter { mesh.nodes[$0].group == side }
                guard !holders.isEmpty else { continue }  // this side never had a copy to repair from
                #expect(
                    mesh.operators(holders).count == min(5, mesh.operators(members).count),
                    "side \(side), seed \(seed)"
                )
            }
        }
        mesh.heal()
        mesh.run(for: .seconds(300))
        expectFullStrength(mesh, sites, exactly: true, "after healing", seed: seed)
        #expect(mesh.copiesPeak <= 10, "each side has at most the target, seed \(seed)")
    }

    @Test(arguments: UInt64(0)..<40)
    func newVersion_isPublishedWhileNodesDie_holdersFollow(seed: UInt64) throws {
        var (mesh, sites, owners) = try meshWithSites(seed: seed)
        for index in sites.indices {
            let alive = mesh.nodes.indices.filter { mesh.nodes[$0].isUp && !owners.contains($0) }
            if let victim = alive.randomElement(using: &mesh.rng) { mesh.kill(victim) }
            mesh.run(for: .milliseconds(Int.random(in: 10...8000, using: &mesh.rng)))
            sites[index] = try publication(
                index,
                root: index * 100 + 1,
                sponsor: sites[index].sponsor,
                after: sites[index],
                now: mesh.now
            )
            mesh.publish(sites[index], at: owners[index])
        }
        mesh.run(for: .seconds(10))
        for number in mesh.nodes.indices where !mesh.nodes[number].isUp { mesh.restart(number) }
        mesh.run(for: .seconds(240))
        expectFullStrength(mesh, sites, exactly: true, "after new versions", seed: seed)
        for site in sites {
            for holder in mesh.holders(of: site) {
                let roots = mesh.nodes[holder].machine.heldRoots(at: mesh.now)
                #expect(roots.isSuperset(of: site.versions.map(\.root)), "seed \(seed)")
            }
            for node in mesh.nodes {
                let pinned = node.disk[site.publisher]?.content
                #expect(pinned == nil || pinned == site.contentSequence, "an outdated copy stayed, seed \(seed)")
            }
        }
    }

    @Test(arguments: UInt64(0)..<40)
    func lease_ends_everythingIsCollectedThenAndNotBefore(seed: UInt64) throws {
        var (mesh, sites, owners) = try meshWithSites(seed: seed, lease: .seconds(200))
        let renewed = try sites[0].renewed(
            ipns: [7],
            lease: .seconds(400),
            sequence: sites[0].sequence + 1_000_000,
            now: mesh.now
        )
        mesh.announce(renewed, at: owners[0])
        let ended = try sites[1].unpublished(ipns: [], sequence: sites[1].sequence + 1_000_000)
        mesh.announce(ended, at: owners[1])
        mesh.run(for: .seconds(5))
        #expect(mesh.holders(of: sites[1]).isEmpty, "unpublished, seed \(seed)")
        #expect(mesh.holders(of: renewed).count == 5)
        mesh.run(for: sites[2].leaseEnd - mesh.now)
        #expect(mesh.holders(of: sites[2]).count == 5, "its lease ends only now, seed \(seed)")
        mesh.run(for: .seconds(10))
        #expect(mesh.holders(of: sites[2]).isEmpty, "seed \(seed)")
        #expect(mesh.holders(of: renewed).count == 5, "it was renewed, seed \(seed)")
        mesh.run(for: renewed.leaseEnd - mesh.now + .seconds(6))
        #expect(mesh.holders(of: renewed).isEmpty, "seed \(seed)")
        #expect(mesh.nodes.allSatisfy { $0.machine.heldRoots(at: mesh.now).isEmpty && $0.machine.heldSites.isEmpty })
        #expect(mesh.violations.isEmpty, "\(mesh.violations)")
    }
}
