import Core
import Drill
import Placement
import Testing

struct LossTests {
    private func lose(
        _ texts: String...,
        operators: [String: OperatorID] = [:],
        seed: UInt64 = 1
    ) throws -> Set<NodeID> {
        let domains = try smallMesh()
        let rules = try texts.map { try LossRule($0) }
        return try Loss(rules, in: domains, alive: domains.nodes, operators: operators, seed: seed).nodes
    }

    private func nodes(_ numbers: Int...) throws -> Set<NodeID> { Set(try numbers.map(nodeID)) }

    @Test func rules_nameTheNodesOfTheirDomains() throws {
        #expect(try lose("operator:\(try operatorID(0))") == nodes(0, 1))
        #expect(try lose("hosting:aws") == nodes(0, 1))
        #expect(try lose("hosting:(undeclared)") == nodes(3, 4))
        #expect(try lose("jurisdiction:DE") == nodes(1, 2))
        #expect(try lose("node:\(try nodeID(5))") == nodes(5))
        #expect(try lose("jurisdiction:FR", "hosting:aws") == nodes(0, 1, 4, 5))
    }

    @Test func operators_goByTheirLocalNameOrTheEndOfTheirKey() throws {
        #expect(try lose("operator:me", operators: ["me": try operatorID(1)]) == nodes(2, 3))
        #expect(try lose("operator:\(try operatorID(2).short)") == nodes(4))
        #expect(try lose("node:\(try nodeID(2).short)") == nodes(2))
    }

    /// What peers observed is a domain, whatever the address claims; private and loopback addresses are none.
    @Test func network_isTheObservedPrefix() throws {
        #expect(try lose("network:203.0.113.0/24") == nodes(0, 1))
        #expect(try lose("network:203.0.113.200") == nodes(0, 1))
        #expect(try lose("network:2001:db8:7::/48") == nodes(5))
        for text in ["network:127.0.0.0/24", "network:10.0.0.1", "network:203.0.0.0/16", "network:nonsense"] {
            let error = try #require(#expect(throws: DrillError.self) { try lose(text) })
            #expect(error.code == .unknown && error.message.contains("203.0.113.0/24"), "\(error)")
        }
    }

    @Test func share_isDrawnBySeed_roundedUp_whateverTheOrder() throws {
        #expect(try lose("33%").count == 2)
        #expect(try lose("34%").count == 3)
        #expect(try lose("1%").count == 1)
        #expect(try lose("100%").count == 6)
        #expect(try lose("50%", seed: 4) == lose("50%", seed: 4))
        #expect(try Set((0..<20).map { try lose("33%", seed: $0) }).count > 5)
        let domains = try smallMesh()
        let drawn = try [domains.nodes, domains.nodes.reversed()].map {
            try Loss([LossRule("50%")], in: domains, alive: $0, operators: [:], seed: 9).nodes
        }
        #expect(drawn[0] == drawn[1])
    }

    @Test(arguments: [
        ("hosting:azure", "there are (undeclared), aws, home, ovh"),
        ("jurisdiction:de", "there are CH, DE, FR, US"),
    ])
    func unknownNames_areRefusedWithThoseThatExist(text: String, part: String) throws {
        let error = try #require(#expect(throws: DrillError.self) { try lose(text) })
        #expect(error.code == .unknown && error.message.contains(part), "\(error)")
    }

    @Test func unknownKeys_areRefusedWithTheirEndsAndLocalNames() throws {
        let own = try operatorID(1)
        let byOperator = try #require(
            #expect(throws: DrillError.self) { try lose("operator:me", operators: ["us": own]) }
        )
        for part in [try operatorID(0).short, "us", try operatorID(3).short] {
            #expect(byOperator.message.contains(part), "\(byOperator)")
        }
        #expect(!byOperator.message.contains(own.short))
        let byNode = try #require(#expect(throws: DrillError.self) { try lose("node:k51nobody") })
        #expect(byNode.message.contains(try nodeID(5).short), "\(byNode)")
    }

    @Test func noNetworkAtAll_isSaid() throws {
        let domains = DomainMap([try candidate(0, operator: 0)])
        let error = try #require(
            #expect(throws: DrillError.self) {
                try Loss([LossRule("network:203.0.113.0/24")], in: domains, alive: [], operators: [:], seed: 1)
            }
        )
        #expect(error.message.contains("none has been observed"), "\(error)")
    }

    @Test(arguments: [
        "", "33", "0%", "101%", "-5%", "%", "x%", "operator", "operator:", "cloud:aws", ":aws", "node:", "Operator:a",
        String(repeating: "a", count: 300),
    ])
    func textsThatSayNothing_areRefused(text: String) throws {
        let error = try #require(#expect(throws: DrillError.self) { try LossRule(text) })
        #expect(error.code == .malformed)
    }

    @Test func rules_printAsTheyAreWritten() throws {
        for text in ["operator:a", "hosting:aws", "jurisdiction:CH", "network:203.0.113.0/24", "node:k51", "33%"] {
            #expect(try LossRule(text).description == text)
        }
    }

    @Test func tooManyRules_areRefused() throws {
        let domains = try smallMesh()
        let rules = Array(repeating: LossRule.share(1), count: LossRule.rulesMax + 1)
        #expect(throws: DrillError.self) { try Loss(rules, in: domains, alive: [], operators: [:], seed: 1) }
    }
}
