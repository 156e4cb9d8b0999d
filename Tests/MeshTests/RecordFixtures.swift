import Core
import Mesh
import Simulation

/// A founded mesh with keys from one seed.
struct RecordFixtures {
    let founder: SigningKey<OperatorRole>
    let guest: SigningKey<OperatorRole>
    let node: SigningKey<NodeRole>
    let other: SigningKey<NodeRole>
    let genesis: GenesisRecord
    var rng = SplitMix64(seed: 42)
    let now = Instant(milliseconds: 1_800_000_000_000)

    init() {
        founder = .generate(using: &rng)
        guest = .generate(using: &rng)
        node = .generate(using: &rng)
        other = .generate(using: &rng)
        genesis = GenesisRecord(founder: founder, now: now, using: &rng)
    }

    var claims: NodeClaims {
        NodeClaims(
            locators: [.tcp("127.0.0.1:4000"), Locator(type: "relay", address: "k51")],
            roles: [NodeClaims.storageRole, NodeClaims.gatewayRole],
            hosting: "home",
            jurisdiction: "DE",
            storageBytes: 50_000_000_000,
            software: "holdfast/0.1"
        )
    }

    /// The node of these fixtures, before its start.
    func machine(judge: any RecordJudging = NoOtherRecords(), now: Instant? = nil) -> MeshMachine {
        MeshMachine(
            genesis: genesis,
            identity: .init(node: node, operator: founder, claims: claims),
            judge: judge,
            now: now ?? self.now
        )
    }

    func record(
        version: UInt64 = 7,
        of key: SigningKey<NodeRole>? = nil,
        by operator: SigningKey<OperatorRole>? = nil,
        issued: Instant? = nil
    ) -> NodeRecord {
        let issued = issued ?? now
        return NodeRecord(
            mesh: genesis.mesh,
            node: key ?? node,
            operator: `operator` ?? founder,
            version: version,
            issued: issued,
            expires: issued + .seconds(24 * 3_600),
            claims: claims
        )
    }

    mutating func invitation(expires: Instant? = nil, once: Bool = false) -> Invitation {
        Invitation(
            genesis: genesis,
            node: node.id,
            locators: claims.locators,
            issuer: founder,
            expires: expires,
            once: once,
            using: &rng
        )
    }
}
