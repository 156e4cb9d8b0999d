import Core

/// Who dies, in which order: one gateway, one whole operator, then more until a third of the nodes is gone.
///
/// Among the last is the node that published, so that copies have to come back without it.
package struct KillPlan: Sendable, Equatable {
    /// Nodes that die at the same moment.
    package struct Step: Sendable, Equatable {
        package let title: String
        package let victims: [Int]
    }

    /// Most steps after the gateway and the operator.
    private static let furtherStepsMax = 4

    package let steps: [Step]

    package var victims: [Int] { steps.flatMap(\.victims) }

    package init(members: [DemoMember], seed: UInt64) {
        var rng = SplitMix64(seed: seed)
        let total = members.count / 3
        let publisher = members[0].operatorName
        let others = members.filter { $0.operatorName != publisher }
        guard let gateway = others.randomElement(using: &rng) else {
            steps = []
            return
        }
        let operators = Set(others.map(\.operatorName)).subtracting([gateway.operatorName]).sorted()
        var steps = [Step(title: "gateway of \(gateway.title)", victims: [gateway.index])]
        if let name = operators.randomElement(using: &rng) {
            let nodes = members.filter { $0.operatorName == name }.map(\.index)
            let list = nodes.map { "\($0 + 1)" }.joined(separator: ", ")
            steps.append(Step(title: "operator \(name) (nodes \(list))", victims: nodes))
        }
        var gone = Set(steps.flatMap(\.victims))
        var further: [Int] = []
        while gone.count < total {
            let next = gone.contains(0) ? Self.next(members, gone: gone, using: &rng) : 0
            gone.insert(next)
            further.append(next)
        }
        let size = max(1, (further.count + Self.furtherStepsMax - 1) / Self.furtherStepsMax)
        for start in stride(from: 0, to: further.count, by: size) {
            let group = Array(further[start..<min(start + size, further.count)])
            let title = group.map { $0 == 0 ? "node 1, which published" : "node \($0 + 1)" }.joined(
                separator: ", "
            )
            steps.append(Step(title: title, victims: group))
        }
        self.steps = steps
    }

    /// The first node that is not killed.
    package func survivor(of members: [DemoMember]) -> DemoMember? {
        let victims = Set(victims)
        return members.first { !victims.contains($0.index) }
    }

    /// A node of an operator that keeps most of its nodes, so that a third of the nodes is not half of the operators.
    private static func next(
        _ members: [DemoMember],
        gone: Set<Int>,
        using rng: inout SplitMix64
    ) -> Int {
        let alive = members.filter { !gone.contains($0.index) }
        let left = Dictionary(grouping: alive, by: \.operatorName).mapValues(\.count)
        let most = left.values.max() ?? 0
        let candidates = alive.filter { left[$0.operatorName] == most }
        guard let chosen = candidates.randomElement(using: &rng) else {
            preconditionFailure("a third of the nodes never is all of them")
        }
        return chosen.index
    }
}
