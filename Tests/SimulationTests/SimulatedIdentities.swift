import Core
import Mesh

/// Keys for simulated nodes, made once: signing is what tests spend their time on.
enum SimulatedIdentities {
    static let all: [MeshMachine.Identity] = {
        var rng = SplitMix64(seed: 2_026)
        return (0..<31).map { index in identity(index, using: &rng) }
    }()

    static func identity(_ index: Int, using rng: inout SplitMix64) -> MeshMachine.Identity {
        let claims = NodeClaims(
            locators: [.tcp("127.0.\(index).1:4000")],
            roles: [NodeClaims.storageRole],
            hosting: ["home", "aws", "hetzner"][index % 3],
            jurisdiction: ["DE", "FI", "US"][index % 3],
            storageBytes: 1 << 30,
            software: "simulated"
        )
        return MeshMachine.Identity(
            node: .generate(using: &rng),
            operator: .generate(using: &rng),
            claims: claims
        )
    }
}
