import Core
import Placement
import Testing

@Suite struct PlacementTests {
    @Test(arguments: UInt64(0)..<50)
    func candidates_inAnyOrder_areChosenAlike(seed: UInt64) throws {
        var rng = SplitMix64(seed: seed)
        let candidates = try mesh(30, operators: 9, hostings: 4, jurisdictions: 5, using: &rng)
        let holders = [try nodeID(3), try nodeID(17), try nodeID(4)]
        let first = Placement.place(key: salt(Int(seed)), candidates: candidates, count: 5, keeping: holders)
        let again = Placement.place(
            key: salt(Int(seed)),
            candidates: candidates.shuffled(using: &rng),
            count: 5,
            keeping: holders.shuffled(using: &rng)
        )
        #expect(first == again)

        var table = CandidateTable(candidates + (try (100..<130).map { try candidate($0) }))
        for number in (100..<130).shuffled(using: &rng) { table.remove(try nodeID(number)) }
        #expect(table.place(PlacementKey(salt(Int(seed))), count: 5, keeping: holders) == first)
    }

    @Test(arguments: UInt64(0)..<200)
    func copies_arePlaced_neverShareAnOperator(seed: UInt64) throws {
        var rng = SplitMix64(seed: seed)
        let operators = Int.random(in: 1...8, using: &rng)
        let candidates = try mesh(20, operators: operators, hostings: 4, jurisdictions: 4, using: &rng)
        let table = CandidateTable(candidates)
        let holders = candidates.shuffled(using: &rng).prefix(6).map(\.node)
        let placement = table.place(PlacementKey(salt(1)), count: 5, keeping: holders, reserves: 3)

        let operatorOf = Dictionary(uniqueKeysWithValues: candidates.map { ($0.node, $0.operator) })
        let available = Set(candidates.map(\.operator)).count
        #expect(Set(placement.chosen.map { operatorOf[$0] }).count == placement.chosen.count)
        #expect(placement.chosen.count == min(5, available))
        #expect(placement.spread.copies == placement.chosen.count)
        #expect(Set(placement.kept).isSubset(of: holders))
        #expect(Set(placement.reserves).isDisjoint(with: placement.chosen))
        let keptOperators = Set(placement.kept.map { operatorOf[$0] })
        #expect(placement.reserves.allSatisfy { !keptOperators.contains(operatorOf[$0]) })
        if available < 5 {
            #expect(placement.spread.shortfalls.first == .operators(wanted: 5, found: available))
        }
    }

    @Test(arguments: 0..<100)
    func jurisdictionsAndHostings_areEnough_areAllUsedEvenly(key: Int) throws {
        // 12 nodes, 6 operators, 4 hosting providers and 4 jurisdictions that cross each other.
        let candidates = try (0..<12).map { number in
            let domain = number % 6
            return try candidate(number, operator: domain, hosting: domain % 4, jurisdiction: (domain + domain / 4) % 4)
        }
        let spread = Placement.place(key: salt(key), candidates: candidates, count: 5).spread
        #expect((spread.copies, spread.hostings, spread.jurisdictions) == (5, 4, 4))
        #expect(spread.shortfalls.count == 2, "\(spread.shortfalls)")
    }

    @Test(arguments: 0..<60)
    func greedyChoice_isCrowded_isImprovedByExchange(key: Int) throws {
        // Three copies can lie in three jurisdictions at three providers only without operator 0.
        let candidates = [
            try candidate(0, hosting: 0, jurisdiction: 1, weight: 1 << 40),
            try candidate(1, hosting: 0, jurisdiction: 0), try candidate(2, hosting: 1, jurisdiction: 1),
            try candidate(3, hosting: 2, jurisdiction: 2),
        ]
        let spread = Placement.place(key: salt(key), candidates: candidates, count: 3).spread
        #expect((spread.hostings, spread.jurisdictions) == (3, 3))
        #expect(spread.shortfalls.isEmpty)
    }

    @Test func observedNetwork_isShared_outranksOtherwiseEqualNodes() throws {
        for key in 0..<40 {
            let candidates = [
                try candidate(0, network: "198.51.100.1"), try candidate(1, network: "198.51.100.2"),
                try candidate(2, network: "203.0.113.2"),
            ]
            let spread = Placement.place(key: salt(key), candidates: candidates, count: 2).spread
            #expect(spread.networks == 2)
        }
        let two = [try candidate(0, network: "198.51.100.1"), try candidate(1, network: "198.51.100.2")]
        let spread = Placement.place(key: salt(1), candidates: two, count: 2).spread
        #expect(spread.shortfalls.map(\.description) == ["2 copies lie in network 198.51.100.0/24"])
        let local = [try candidate(0, network: "127.0.1.1"), try candidate(1, network: "127.0.1.2")]
        #expect(Placement.place(key: salt(1), candidates: local, count: 2).spread.shortfalls.isEmpty)
    }

    @Test func weights_differ_areRespected() throws {
        // First choices of 20,000 keys over weights 1...8: chi-square with 7 degrees of freedom, p = 0.001 at 24.3.
        let candidates = try (0..<8).map { try candidate($0, weight: UInt64($0 + 1) * 1_000_000) }
        let table = CandidateTable(candidates)
        var wins: [NodeID: Double] = [:]
        let draws = 20_000
        for key in 0..<draws {
            let chosen = table.place(PlacementKey(salt(key)), count: 1).chosen
            wins[try #require(chosen.first), default: 0] += 1
        }
        let total = Double((1...8).reduce(0, +))
        let chiSquare = candidates.reduce(0.0) { sum, candidate in
            let expected = Double(draws) * Double(candidate.weight / 1_000_000) / total
            let difference = wins[candidate.node, default: 0] - expected
            return sum + difference * difference / expected
        }
        #expect(chiSquare < 24.3)
    }

    @Test func weightIsZeroOrTooSmall_isNeverChosenAnewButKept() throws {
        let table = CandidateTable([
            try candidate(0, weight: 0), try candidate(1, weight: 100), try candidate(2, weight: 200),
        ])
        let key = PlacementKey(salt(7))
        #expect(try table.place(key, count: 3, weightMin: 150).chosen == [nodeID(2)])
        #expect(try table.place(key, count: 3, keeping: [nodeID(0), nodeID(9)], weightMin: 150).kept == [nodeID(0)])
        #expect(try table.place(key, count: 3, excluding: [nodeID(2)]).chosen == [nodeID(1)])
        #expect(table.operatorCount == 2)
    }

    @Test func nodeJoinsOrLeaves_fewChoicesMove() throws {
        var rng = SplitMix64(seed: 5)
        let candidates = try mesh(40, operators: 20, hostings: 5, jurisdictions: 6, using: &rng)
        let full = CandidateTable(candidates)
        var (moved, lost, keys) = (0, 0, 0)
        for key in 0..<300 {
            let gone = candidates[Int.random(in: 0..<40, using: &rng)].node
            var fewer = full
            fewer.remove(gone)
            let before = Set(full.place(PlacementKey(salt(key)), count: 5).chosen)
            let after = Set(fewer.place(PlacementKey(salt(key)), count: 5).chosen)
            keys += 1
            if before.contains(gone) { lost += 1 }
            moved += before.subtracting(after).subtracting([gone]).count
            let kept = fewer.place(PlacementKey(salt(key)), count: 5, keeping: Array(before)).chosen
            #expect(before.subtracting([gone]).isSubset(of: kept), "keeping moves nothing that is alive")
        }
        #expect(lost > 20 && lost < 80, "a fair share of the keys lost a holder")
        // From scratch, later choices depend on the domains of earlier ones: about one more moves per loss.
        #expect(moved < 2 * lost, "\(moved) choices moved besides the \(lost) that had to, of \(keys * 5)")
    }

    @Test func tenThousandCandidates_arePlaced() throws {
        var rng = SplitMix64(seed: 1)
        let table = CandidateTable(try mesh(10_000, operators: 3_000, hostings: 30, jurisdictions: 60, using: &rng))
        let placement = table.place(PlacementKey(salt(1)), count: 5, reserves: 3)
        #expect(placement.spread.jurisdictions == 5 && placement.spread.hostings == 5)
        #expect(placement.reserves.count == 3)
    }

    @Test func candidates_areTooMany_areLeftOut() throws {
        var table = CandidateTable()
        for number in 0..<CandidateTable.candidatesMax {
            table.set(try candidate(number, operator: 1, hosting: 1, jurisdiction: 1))
        }
        let isOneMoreTaken = table.set(try candidate(CandidateTable.candidatesMax))
        #expect(!isOneMoreTaken)
        let isKnownOneTaken = table.set(try candidate(5))
        #expect(isKnownOneTaken, "a known one is still updated")
        #expect(table.count == CandidateTable.candidatesMax)
    }

    @Test func spread_isDescribed_inOneLine() throws {
        let candidates = [try candidate(0, jurisdiction: 1), try candidate(1, jurisdiction: 1)]
        let spread = Placement.place(key: salt(1), candidates: candidates, count: 5).spread
        #expect(spread.description == "2 copies: 2 operators, 2 hosting providers, 1 jurisdiction")
        #expect(
            spread.shortfalls.map(\.description) == [
                "2 of 5 copies: only 2 operators can take one", "2 copies lie in jurisdiction j1",
            ]
        )
        #expect(Placement.place(key: salt(1), candidates: [], count: 5).spread.copies == 0)
    }

    /// Where a mesh puts its copies must not change between versions: old and new nodes have to agree.
    @Test func knownMesh_isPlaced_asItAlwaysWas() throws {
        let candidates = try (0..<20).map { try candidate($0, operator: $0 % 7, hosting: $0 % 3, jurisdiction: $0 % 5) }
        let numberOf = Dictionary(uniqueKeysWithValues: try (0..<20).map { (try nodeID($0), $0) })
        let chosen = (0..<4).map { key in
            Placement.place(key: salt(key), candidates: candidates, count: 5).chosen.compactMap { numberOf[$0] }
        }
        #expect(chosen == [[17, 18, 16, 14, 15], [14, 1, 12, 13, 17], [13, 11, 15, 2, 19], [8, 7, 9, 5, 6]])
    }
}
