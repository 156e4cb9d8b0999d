import Core
import Drill
import Placement
import Testing

struct AssessmentTests {
    /// 2 of 4 pieces on nodes 0 to 3.
    private func inventory(floor: Bool = true) throws -> Inventory {
        var inventory = Inventory()
        let held = try (0..<4).map { (piece: $0, node: try nodeID($0)) }
        let first = inventory.addSegment(dataCount: 2, totalCount: 4, holders: held)
        let second = inventory.addSegment(dataCount: 1, totalCount: 2, holders: try [(0, nodeID(4)), (1, nodeID(5))])
        inventory.addSite("site", byteCount: 10, copies: try [nodeID(4), nodeID(5)], floor: floor ? [first] : [])
        inventory.addNames("names", byteCount: 5, segments: [second])
        inventory.addObject("large", byteCount: 100, segments: [first])
        inventory.addObject("small", byteCount: 1, segments: [])
        return inventory
    }

    private func verdicts(_ inventory: Inventory, without lost: Int...) throws -> [Standing.Verdict] {
        let assessment = Assessment(inventory, without: Set(try lost.map(nodeID)))
        return inventory.items.map { assessment.standing(of: $0).verdict }
    }

    @Test func nothingLost_leavesAllAsItIs() throws {
        #expect(try verdicts(inventory()) == [.reachable, .reachable, .reachable, .reachable])
        #expect(try verdicts(inventory(), without: 9) == [.reachable, .reachable, .reachable, .reachable])
    }

    @Test func copies_orTheFloor_areEnoughForASite() throws {
        #expect(try verdicts(inventory(), without: 4) == [.degraded, .degraded, .degraded, .degraded])
        #expect(try verdicts(inventory(), without: 4, 5) == [.degraded, .lost, .lost, .lost])
        #expect(try verdicts(inventory(floor: false), without: 4, 5)[0] == .lost)
        #expect(try verdicts(inventory(), without: 0, 1, 2) == [.degraded, .reachable, .lost, .reachable])
        #expect(try verdicts(inventory(), without: 0, 1, 2, 4, 5)[0] == .lost)
    }

    @Test func standing_saysByHowMuch() throws {
        let inventory = try inventory()
        let assessment = Assessment(inventory, without: try [nodeID(0), nodeID(4)])
        let site = assessment.standing(of: inventory.items[0])
        #expect(site.copiesNow == 2 && site.copiesLeft == 1)
        #expect(site.weakest == .init(needed: 2, held: 4, left: 3))
        #expect(site.spare == 2)
        // An object is as weak as its names.
        #expect(assessment.standing(of: inventory.items[2]).weakest == .init(needed: 1, held: 2, left: 1))
        #expect(assessment.tally(inventory) == .init(reachable: 0, degraded: 4, lost: 0))
        #expect(!site.isLostAlready)
    }

    @Test func piece_onTwoNodes_countsOnce_andIsLostWithBoth() throws {
        var inventory = Inventory()
        let holders = try [(0, nodeID(0)), (0, nodeID(1)), (0, nodeID(0)), (1, nodeID(2)), (7, nodeID(3))]
        let segment = inventory.addSegment(dataCount: 2, totalCount: 3, holders: holders.map { (piece: $0, node: $1) })
        inventory.addObject("a", byteCount: 1, segments: [segment, segment])
        #expect(try verdicts(inventory, without: 0) == [.reachable])
        #expect(try verdicts(inventory, without: 0, 1) == [.lost])
        #expect(inventory.holders(of: inventory.items[0]).map(\.parts) == [1, 1, 1])
    }

    @Test func endangered_namesTheLeastToSpare_theSmallestFirst() throws {
        var inventory = try inventory()
        inventory.addObject("also large", byteCount: 50, segments: [0])
        let assessment = Assessment(inventory, without: try [nodeID(0)])
        func names(_ count: Int, isLost: Bool, _ assessment: Assessment) -> [String] {
            assessment.endangered(inventory, max: count, isLost: isLost).map { inventory.items[$0].name }
        }
        // Names and what lies with them can lose one more, and so can what else lies in any segment; the site three.
        #expect(names(9, isLost: false, assessment) == ["small", "names", "also large", "site"])
        #expect(names(2, isLost: false, assessment) == ["small", "names"])
        #expect(names(9, isLost: true, assessment).isEmpty)
        let most = Assessment(inventory, without: Set(try (0..<3).map(nodeID)))
        #expect(names(9, isLost: true, most) == ["also large"])
    }

    /// Nobody who was asked knows the holders: lost as far as can be seen, and no part of any smallest loss.
    @Test func whatIsNotKnown_isLostButNotAlready() throws {
        var inventory = Inventory()
        let unknown = inventory.addSegment(dataCount: 1, totalCount: 3, holders: [], isKnown: false)
        inventory.addObject("a", byteCount: 1, segments: [unknown])
        inventory.addSite("site", byteCount: 1, copies: try [nodeID(0)], floor: [unknown])
        let assessment = Assessment(inventory, without: try [nodeID(0)])
        for item in inventory.items {
            #expect(assessment.standing(of: item).verdict == .lost && !assessment.standing(of: item).isLostAlready)
        }
        #expect(SmallestLoss.find(.operator, in: inventory, try smallMesh()) == nil)
    }

    @Test func whatNobodyHolds_isLostAlready() throws {
        var inventory = Inventory()
        let segment = inventory.addSegment(dataCount: 1, totalCount: 1, holders: [])
        inventory.addObject("gone", byteCount: 1, segments: [segment])
        inventory.addSite("never", byteCount: 1, copies: [], floor: [])
        let assessment = Assessment(inventory, without: [])
        for item in inventory.items {
            #expect(assessment.standing(of: item).verdict == .lost)
            #expect(assessment.standing(of: item).isLostAlready)
        }
        #expect(assessment.standing(of: inventory.items[0]).spare == -1)
    }
}

struct SampleTests {
    @Test func draw_hasSoManyDifferentNumbers_bySeed() {
        for (count, total) in [(0, 10), (1, 10), (7, 10), (10, 10), (20, 10), (100, 100_000), (3, 0)] {
            let drawn = Sample.draw(count, of: total, seed: 5)
            #expect(drawn.count == min(count, total))
            #expect(drawn == Set(drawn).sorted() && drawn.allSatisfy { (0..<total).contains($0) })
            #expect(drawn == Sample.draw(count, of: total, seed: 5))
        }
        #expect(Sample.draw(5, of: 1_000, seed: 1) != Sample.draw(5, of: 1_000, seed: 2))
    }

    @Test func draw_isFair() {
        var counts = [Int](repeating: 0, count: 10)
        for seed in 0..<2_000 as Range<UInt64> {
            for number in Sample.draw(3, of: 10, seed: seed) { counts[number] += 1 }
        }
        // 600 expected, standard deviation 20.5.
        for count in counts { #expect((500...700).contains(count), "\(counts)") }
    }

    /// The largest d whose chance of being missed is above 5 %: binomial coefficients, counted out.
    @Test(arguments: [(1, 10), (5, 10), (9, 10), (3, 40), (30, 60), (59, 60), (20, 300)])
    func lostMax_isTheHypergeometricBound(drawn: Int, total: Int) {
        func chance(_ lost: Int) -> Double {
            (0..<lost).reduce(1.0) { $0 * Double(total - drawn - $1) / Double(total - $1) }
        }
        let bound = Sample.lostMax(drawn: drawn, of: total)
        #expect(bound == 0 || chance(bound) > 0.05)
        #expect(bound == total - drawn || chance(bound + 1) <= 0.05)
    }

    @Test func lostMax_ofMany_isTheRuleOfThree() {
        #expect(Sample.lostMax(drawn: 10, of: 10) == 0)
        #expect(Sample.lostMax(drawn: 0, of: 10) == 10)
        let bound = Sample.lostMax(drawn: 1_000, of: 1_000_000)
        #expect((2_980...3_000).contains(bound), "\(bound)")
    }
}
