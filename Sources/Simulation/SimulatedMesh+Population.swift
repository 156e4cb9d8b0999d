import Core
import Mesh

extension SimulatedMesh {
    /// A mesh that has been up for long: everybody knows everybody, and records are renewed evenly over their period.
    ///
    /// Costs O(n log n) time and O(n) memory: the directories share what they have in common.
    public init(settled settings: ScaleSettings) {
        var keys = SplitMix64(seed: settings.seed ^ 0x5EED)
        var operators: [SigningKey<OperatorRole>] = []
        var identities: [MeshMachine.Identity] = []
        for number in 0..<settings.nodes {
            let place = max(number - settings.moreOfFirstOperator, 0)
            if number == 0 || place > 0 && place % settings.nodesPerOperator == 0 {
                operators.append(.generate(using: &keys))
            }
            let owner = operators[place / settings.nodesPerOperator]
            identities.append(Self.identity(number, of: owner, in: number / settings.nodesPerNetwork, using: &keys))
        }
        self.init(
            seed: settings.seed,
            founder: identities[0],
            parameters: settings.parameters,
            decoder: SharedVerification()
        )
        keepsRecords = false
        network.delay = settings.delay
        let age = settings.parameters.announcePeriod / settings.nodes
        let issued = (0..<settings.nodes).map { now - age * $0 }
        let template = settled(identities, operators, issued)
        for (number, identity) in identities.enumerated() {
            settle(identity, like: template, issued: issued[number], clockError: clockError(settings))
        }
    }

    static func identity(
        _ number: Int,
        of owner: SigningKey<OperatorRole>,
        in network: Int,
        using keys: inout SplitMix64
    ) -> MeshMachine.Identity {
        let claims = NodeClaims(
            locators: [.tcp("\(20 + network / 65_536).\(network >> 8 & 255).\(network & 255).\(number & 255):4000")],
            roles: [NodeClaims.storageRole],
            hosting: ["home", "aws", "hetzner", "shop"][number % 4],
            jurisdiction: ["DE", "FI", "US", "BR", "JP"][number % 5],
            storageBytes: 1 << 40,
            software: "simulated"
        )
        return MeshMachine.Identity(node: .generate(using: &keys), operator: owner, claims: claims)
    }

    /// What a node knows that has been there for long: all operators and all nodes.
    private func settled(
        _ identities: [MeshMachine.Identity],
        _ operators: [SigningKey<OperatorRole>],
        _ issued: [Instant]
    ) -> MeshMachine {
        var rng = rng
        let founder = identities[0]
        let invitation = Invitation(
            genesis: genesis,
            node: founder.node.id,
            locators: founder.claims.locators,
            issuer: founder.operator,
            using: &rng
        )
        var records = operators.dropFirst().map { owner in
            let admission = invitation.admission(of: owner, now: now)
            return (admission.header.key, admission.header.version, admission.bytes)
        }
        for (identity, issued) in zip(identities, issued) {
            let record = NodeRecord(
                mesh: mesh,
                node: identity.node,
                operator: identity.operator,
                version: UInt64(clamping: issued.milliseconds),
                issued: issued,
                expires: issued + parameters.recordLifetime,
                claims: identity.claims
            )
            records.append((record.header.key, record.version, record.bytes))
        }
        var template = machine(founder, clockError: .zero)
        _ = template.remember(records, now: now)
        template.believeAllAlive(now: now)
        return template
    }

    private var mesh: CID { genesis.mesh }

    /// Each node's clock is up to five seconds off, some are a year off.
    private mutating func clockError(_ settings: ScaleSettings) -> Duration {
        if settings.wrongClocks.occurs(using: &rng) {
            return Ratio(1, in: 2).occurs(using: &rng) ? .seconds(365 * 86_400) : .zero - .seconds(365 * 86_400)
        }
        return .milliseconds(Int.random(in: -5_000...5_000, using: &rng))
    }

    private mutating func settle(
        _ identity: MeshMachine.Identity,
        like template: MeshMachine,
        issued: Instant,
        clockError: Duration
    ) {
        var machine = machine(identity, clockError: clockError)
        machine.adopt(template, issued: issued + clockError, now: now + clockError)
        // Nodes that started at different times do things at different times.
        let wake = now + .milliseconds(Int.random(in: 0..<10_000, using: &rng))
        _ = add(Node(identity: identity, machine: machine, clockError: clockError, wake: wake))
    }
}
