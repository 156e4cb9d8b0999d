import Core
import Drill
import Placement
import Testing

struct SmallestLossTests {
    private static let operators = 6
    private static let nodes = 9

    /// A mesh, a few segments with pieces on one or several nodes, sites with and without a floor.
    private func example(_ seed: UInt64) throws -> (Inventory, DomainMap) {
        var rng = SplitMix64(seed: seed)
        func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &rng) }
        let hostings = ["aws", "home", "ovh"]
        let domains = DomainMap(
            try (0..<Self.nodes).map { try candidate($0, operator: pick(Self.operators), hosting: hostings[pick(3)]) }
        )
        var inventory = Inventory()
        func segment() throws -> Int {
            let dataCount = 1 + pick(3)
            let totalCount = dataCount + pick(4)
            var holders: [(piece: Int, node: NodeID)] = []
            for piece in 0..<totalCount {
                // Some pieces are missing, some lie twice or three times.
                for _ in 0..<[0, 1, 1, 1, 1, 2, 3][pick(7)] { holders.append((piece, try nodeID(pick(Self.nodes)))) }
            }
            return inventory.addSegment(dataCount: dataCount, totalCount: totalCount, holders: holders)
        }
        for number in 0..<pick(3) {
            let copies = try (0..<pick(4)).map { _ in try nodeID(pick(Self.nodes)) }
            let floor = try (0..<pick(3)).map { _ in try segment() }
            inventory.addSite("site \(number)", byteCount: 1, copies: copies, floor: floor)
        }
        if pick(2) == 0 { inventory.addNames("names", byteCount: 1, segments: [try segment()]) }
        for number in 0..<pick(4) {
            let segments = try (0...pick(2)).map { _ in try segment() }
            inventory.addObject("object \(number)", byteCount: 1, segments: segments)
        }
        return (inventory, domains)
    }

    private func losesAnything(_ inventory: Inventory, _ domains: DomainMap, _ kind: DomainKind, _ names: [String])
        -> Bool
    {
        let lost = Set(names.flatMap { domains.nodes(in: kind, $0) })
        return Assessment(inventory, without: lost).tally(inventory).lost > 0
    }

    /// Every set of domains, tried by counting what is left.
    @Test(arguments: [DomainKind.operator, .hosting])
    func find_isWhatTryingEverySetGives(kind: DomainKind) throws {
        var answers = 0
        for seed in 0..<600 as Range<UInt64> {
            let (inventory, domains) = try example(seed)
            let names = domains.names(of: kind)
            let losing = (0..<(1 << names.count)).map { set in names.indices.filter { set >> $0 & 1 == 1 } }
                .filter { losesAnything(inventory, domains, kind, $0.map { names[$0] }) }
            let least = losing.map(\.count).min()
            let found = SmallestLoss.find(kind, in: inventory, domains)
            #expect(found?.domains.count == least, "seed \(seed): \(found?.domains ?? []) instead of \(least ?? -1)")
            guard let found else { continue }
            answers += 1
            #expect(found.isExact, "seed \(seed)")
            #expect(losesAnything(inventory, domains, kind, found.domains), "seed \(seed)")
            let lost = Set(found.domains.flatMap { domains.nodes(in: kind, $0) })
            let verdict = Assessment(inventory, without: lost).standing(of: found.item).verdict
            #expect(verdict == .lost, "seed \(seed): \(found.item.name) survives")
        }
        #expect(answers > 300)
    }

    @Test func find_overNothing_isNothing() throws {
        #expect(SmallestLoss.find(.operator, in: Inventory(), try smallMesh()) == nil)
    }

    @Test func find_whatIsLostAlready_needsNoFurtherLoss() throws {
        var inventory = Inventory()
        let segment = inventory.addSegment(dataCount: 2, totalCount: 3, holders: [(0, try nodeID(0))])
        inventory.addObject("gone", byteCount: 1, segments: [segment])
        let found = try #require(SmallestLoss.find(.operator, in: inventory, try smallMesh()))
        #expect(found.domains.isEmpty && found.item.name == "gone")
    }

    /// A node without an observed network cannot be lost with one.
    @Test func find_networks_leavesTheUnobservedAlone() throws {
        var inventory = Inventory()
        let held = inventory.addSegment(dataCount: 1, totalCount: 2, holders: try [(0, nodeID(0)), (1, nodeID(2))])
        inventory.addObject("safe", byteCount: 1, segments: [held])
        #expect(SmallestLoss.find(.network, in: inventory, try smallMesh()) == nil)
        let shared = inventory.addSegment(dataCount: 1, totalCount: 2, holders: try [(0, nodeID(0)), (1, nodeID(1))])
        inventory.addObject("shared", byteCount: 1, segments: [shared])
        let found = try #require(SmallestLoss.find(.network, in: inventory, try smallMesh()))
        #expect(found.domains == ["203.0.113.0/24"] && found.item.name == "shared")
    }

    /// Every piece on two of 40 operators: more choices than are tried; the answer still loses something, and says so.
    @Test func find_overTooManyChoices_isMarked() throws {
        var rng = SplitMix64(seed: 3)
        let domains = DomainMap(try (0..<40).map { try candidate($0, operator: $0) })
        var inventory = Inventory()
        var holders: [(piece: Int, node: NodeID)] = []
        for piece in 0..<120 {
            for _ in 0..<2 { holders.append((piece, try nodeID(Int.random(in: 0..<40, using: &rng)))) }
        }
        let segment = inventory.addSegment(dataCount: 40, totalCount: 120, holders: holders)
        inventory.addObject("large", byteCount: 1, segments: [segment])
        let found = try #require(SmallestLoss.find(.operator, in: inventory, domains))
        #expect(!found.isExact)
        #expect(losesAnything(inventory, domains, .operator, found.domains))
    }

    /// Many segments share one budget; once it is used up the greedy choice counts, and it is said.
    @Test func find_overTheBudgetOfAll_isMarkedAndSaysSo() throws {
        var rng = SplitMix64(seed: 5)
        let domains = DomainMap(try (0..<12).map { try candidate($0, operator: $0) })
        var inventory = Inventory()
        for number in 0..<20 {
            let holders = try (0..<24).map { piece in
                (piece: piece % 12, node: try nodeID(Int.random(in: 0..<12, using: &rng)))
            }
            let segment = inventory.addSegment(dataCount: 4, totalCount: 12, holders: holders)
            inventory.addObject("object \(number)", byteCount: 1, segments: [segment])
        }
        var ample = SearchBudget()
        let exact = try #require(SmallestLoss.find(.operator, in: inventory, domains, budget: &ample))
        #expect(exact.isExact && !ample.isExhausted && ample.stepsLeft < SearchBudget.stepsMax)
        var scarce = SearchBudget(steps: 3)
        let found = try #require(SmallestLoss.find(.operator, in: inventory, domains, budget: &scarce))
        #expect(!found.isExact && scarce.isExhausted && scarce.stepsLeft == 0)
        #expect(found.domains.count >= exact.domains.count)
        #expect(losesAnything(inventory, domains, .operator, found.domains))
    }
}
