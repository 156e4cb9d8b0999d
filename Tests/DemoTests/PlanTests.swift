import Demo
import Testing

struct PlanTests {
    @Test(arguments: DemoOptions.nodesMin...DemoOptions.nodesMax)
    func members_ofAnyCount_areSpreadAsTheDemoPromises(count: Int) {
        let members = DemoMember.spread(count: count, firstSubnet: 20)
        let operators = Set(members.map(\.operatorName))
        #expect(members.count == count)
        #expect(operators.count >= 6)
        #expect(operators.count == DemoMember.operatorCount(of: count))
        #expect(Set(members.map(\.hosting)).count >= 4)
        #expect(Set(members.map(\.jurisdiction)).count >= 4)
        #expect(Set(members.map(\.host)).count == count)
        for name in operators {
            let subnets = Set(
                members.filter { $0.operatorName == name }.map { $0.host.split(separator: ".")[2] }
            )
            #expect(subnets.count == 1, "\(name) has one /24")
        }
        #expect(Set(members.prefix(operators.count).map(\.operatorName)) == operators)
    }

    @Test(arguments: [6, 7, 12, 13, 30, 60], UInt64(0)..<40)
    func plan_ofAnySeed_killsAGatewayAnOperatorAndAThird(count: Int, seed: UInt64) {
        let members = DemoMember.spread(count: count, firstSubnet: 20)
        let plan = KillPlan(members: members, seed: seed)
        let victims = plan.victims
        #expect(Set(victims).count == victims.count)
        #expect(plan.steps[0].victims.count == 1)
        let second = Set(plan.steps[1].victims.map { members[$0].operatorName })
        #expect(second.count == 1)
        #expect(plan.steps[1].victims.count == members.count { second.contains($0.operatorName) })
        #expect(!second.contains(members[plan.steps[0].victims[0]].operatorName))
        #expect(victims.count >= count / 3)
        #expect(victims.count <= max(count / 3, 1 + plan.steps[1].victims.count))
        let survivors = Set(members.indices).subtracting(victims)
        if count >= 12 {
            #expect(victims.contains(0), "the publisher's node is among them")
            let operatorsLeft = Set(survivors.map { members[$0].operatorName })
            #expect(operatorsLeft.count == DemoMember.operatorCount(of: count) - 1)
        }
        #expect(plan.survivor(of: members).map { survivors.contains($0.index) } == true, "the owner's node stays")
        #expect(plan == KillPlan(members: members, seed: seed))
    }

    @Test(arguments: [(5, 200, "2s"), (61, 200, "2s"), (12, 0, "2s"), (12, 200, "2")])
    func options_outOfRange_areRefused(nodes: Int, rate: Int, delay: String) {
        #expect(throws: (any Error).self) {
            try DemoOptions(nodes: nodes, site: nil, rate: rate, seed: 1, repairDelay: delay, keep: false)
        }
    }
}
