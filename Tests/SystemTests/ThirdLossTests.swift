import Testing

extension SystemTests {
    /// The promise on which everything rests: a third may go the second after `put` returned.
    struct ThirdLoss {
        private static let nodes = 12
        private static let rounds = 10
        private static let objectBytes = 3_000_000
        /// The first nodes are devices of one owner: whoever of them lives on reads.
        private static let devices = 3

        @Test(.timeLimit(.minutes(4)))
        func object_whenAnotherThirdIsKilledRightAfterEachPut_isThereByteForByte() async throws {
            try await withMesh(nodes: Self.nodes, options: Objects.options) { mesh in
                try await makeDevices(mesh)
                var rng = SeededGenerator(state: 12)
                for round in 0..<Self.rounds {
                    let bytes = SampleSite.bytes(Self.objectBytes, seed: UInt64(200 + round))
                    let name = "round-\(round)"
                    let victims = victims(&rng)
                    let alive = mesh.nodes.filter { !victims.contains($0.index) }
                    let reader = try #require(alive.first { $0.index < Self.devices })
                    // Whoever stores may be among the killed.
                    let writer = mesh.nodes[round % Self.devices]
                    try await writer.put(bytes, as: name)
                    for index in victims { mesh.nodes[index].kill() }
                    let replay: Comment = "round \(round): without \(victims), stored from \(writer.index)"
                    #expect(try await reader.output("ls").contains(name), replay)
                    #expect(try await reader.gives(bytes, as: name), replay)
                    for index in victims { try mesh.nodes[index].launch() }
                    for index in victims { try await mesh.nodes[index].ready() }
                    try await mesh.settle(mesh.nodes)
                }
                for round in 0..<Self.rounds {
                    let bytes = SampleSite.bytes(Self.objectBytes, seed: UInt64(200 + round))
                    #expect(try await mesh.nodes[0].gives(bytes, as: "round-\(round)"), "round \(round), at the end")
                }
            }
        }

        private func makeDevices(_ mesh: TestMesh) async throws {
            try await mesh.nodes[0].put([1], as: "first")
            for node in mesh.nodes[1..<Self.devices] {
                let invite = try #require(try await mesh.nodes[0].output("key", "add-device", "of-\(node.index)").first)
                _ = try await node.output("key", "add-device", "--accept", invite)
            }
        }

        /// A third of all, so that one device is left.
        private func victims(_ rng: inout SeededGenerator) -> [Int] {
            while true {
                let chosen = (0..<Self.nodes).shuffled(using: &rng).prefix(Self.nodes / 3).sorted()
                if chosen.count(where: { $0 < Self.devices }) < Self.devices { return chosen }
            }
        }
    }
}

/// The same choices in every run (SplitMix64, Steele et al. 2014).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
