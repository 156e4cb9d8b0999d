import Glibc
import Testing

extension SystemTests {
    /// Meshes in which nodes run different builds.
    struct Builds {
        private static let options = ["--repair-delay", "2s", "--probe-interval", "200ms"]
        private static let plantedLabel = "planted-crash-4711"

        /// All but the publisher have a bug in a decoder, and somebody publishes what sets it off.
        @Test(.timeLimit(.minutes(10))) func record_crashingTheDecoder_endsNoNodeAndNoRequest() async throws {
            try await withPlanted(.crashing(on: Self.plantedLabel), seed: 71) { mesh, planted, path in
                let ends = try await plant(in: mesh, planted, path, as: .crashing(on: Self.plantedLabel))
                #expect(ends.allSatisfy { $0 == 0 }, "\(ends)")
                for node in planted {
                    let counters = try await node.status().counters
                    #expect((counters["mesh.trials.crashed"] ?? 0) > 0, "\(counters)")
                    #expect(counters["mesh.trials.untried"] == 0, "\(counters)")
                }
            }
        }

        /// Two of four have the bug, so that those without it tell them at the same time.
        @Test(.timeLimit(.minutes(10))) func record_crashingTheDecoderOfHalf_endsNoNode() async throws {
            try await withPlanted(.crashing(on: Self.plantedLabel), count: 2, seed: 74) { mesh, planted, path in
                let ends = try await plant(in: mesh, planted, path, as: .crashing(on: Self.plantedLabel))
                #expect(ends.allSatisfy { $0 == 0 }, "\(ends)")
            }
        }

        /// Where no process can be started to decode first, the crash journal is left.
        @Test(.timeLimit(.minutes(10))) func record_crashingTheDecoderUntried_endsEachNodeOnce() async throws {
            try await withPlanted(.crashingUntried(on: Self.plantedLabel), count: 2, seed: 75) { mesh, planted, path in
                let ends = try await plant(in: mesh, planted, path, as: .crashingUntried(on: Self.plantedLabel))
                // It came to somebody, and to nobody twice: a node that was started again refuses it.
                #expect(ends.contains(1) && ends.allSatisfy { $0 <= 1 }, "\(ends)")
            }
        }

        /// Runs `body` in a mesh of five whose last `count` nodes run `build`, with readers of all; no request may fail.
        private func withPlanted(
            _ build: VariantBuild,
            count: Int = 4,
            seed: UInt64,
            _ body: @Sendable (TestMesh, [TestNode], String) async throws -> Void
        ) async throws {
            try await withMesh(nodes: 5, options: Self.options) { mesh in
                let site = SampleSite(seed: seed, largeFileBytes: 60_000)
                let path = try site.write(to: mesh.folder, "site")
                let name = try await mesh.nodes[0].publish(path).name
                let planted = Array(mesh.nodes.suffix(count))
                for node in planted {
                    node.kill()
                    try await node.start(build: build)
                }
                try await mesh.settle(mesh.nodes)
                // Connections and ports of the node would outlive it there.
                let open = try #require(mesh.nodes[0].trialDescriptors)
                #expect(open.allSatisfy { $0 <= STDERR_FILENO }, "\(open)")
                let reader = SteadyReader(
                    of: "/ipns/\(name)/large.bin",
                    giving: site.files["large.bin"] ?? [],
                    from: mesh.nodes
                )
                try await reader.reading { try await body(mesh, planted, path) }
                #expect(reader.requests > 0)
                #expect(reader.failures == [])
                for node in planted {
                    let answer = try await node.get("/ipns/\(name)/large.bin")
                    #expect(answer.body == site.files["large.bin"])
                }
            }
        }

        /// Publishes what crashes some nodes and starts again who ends, as a supervisor does, until all of them refuse it,
        /// all know all again, and nothing more happens.
        ///
        /// - Returns: how often each of `nodes` ended.
        private func plant(
            in mesh: TestMesh,
            _ nodes: [TestNode],
            _ path: String,
            as build: VariantBuild
        ) async throws -> [Int] {
            // Whether it says that copies were made is not the point.
            let command = try ChildProcess(
                Holdfast.path,
                ["publish", path, "--name", Self.plantedLabel, "--data", mesh.nodes[0].data],
                output: mesh.folder.path + "/plant.out",
                errors: mesh.folder.path + "/plant.err"
            )
            // The command goes on placing copies; a publish that is cut off would say another record of the same name.
            var ends = nodes.map { _ in 0 }
            // Every node meets it: whoever knows it tells the others, and each compares with each.
            try await eventually("all refuse it, and all know all", seen: { "ends: \(ends)" }) {
                for (index, node) in nodes.enumerated() where !node.isRunning {
                    ends[index] += 1
                    try await node.start(build: build)
                    return false
                }
                // One that ends meanwhile is seen in the next round.
                for node in nodes {
                    guard let counters = try? await node.status().counters, (counters["mesh.quarantined"] ?? 0) > 0
                    else { return false }
                }
                for node in mesh.nodes {
                    guard let status = try? await node.status(), status.members.alive == mesh.nodes.count
                    else { return false }
                }
                return true
            }
            _ = try await command.end()
            return ends
        }

        /// Node by node, while readers read: old nodes keep what they do not know, new ones understand old ones.
        @Test(.timeLimit(.minutes(10))) func builds_rolledNodeByNode_failNoRequest() async throws {
            try await withMesh(nodes: 5, options: Self.options) { mesh in
                let site = SampleSite(seed: 72, largeFileBytes: 60_000)
                let folder = mesh.folder
                let name = try await mesh.nodes[0].publish(try site.write(to: folder, "site")).name
                try await mesh.nodes[1].put(SampleSite.bytes(50_000, seed: 73), as: "kept")
                let reader = SteadyReader(
                    of: "/ipns/\(name)/large.bin",
                    giving: site.files["large.bin"] ?? [],
                    from: mesh.nodes
                )
                try await reader.reading {
                    for (number, node) in mesh.nodes.enumerated() {
                        #expect(try await node.stop() == 0)
                        try await node.start(build: .next)
                        try await mesh.settle(mesh.nodes)
                        // Both builds write while both are there.
                        let later = SampleSite(seed: UInt64(80 + number), largeFileBytes: 10_000)
                        let path = try later.write(to: folder, "later-\(number)")
                        let published = try await mesh.nodes[number].publish(path, "--name", "later-\(number)")
                        let other = mesh.nodes[(number + 1) % mesh.nodes.count]
                        try await eventually("the other build serves it, after node \(number)") {
                            try await other.get("/ipns/\(published.name)/large.bin").body == later.files["large.bin"]
                        }
                    }
                    // And back: what a later version wrote is no obstacle to this one.
                    let back = mesh.nodes[2]
                    #expect(try await back.stop() == 0)
                    try await back.start()
                    try await mesh.settle(mesh.nodes)
                }
                #expect(reader.requests > 0)
                #expect(reader.failures == [])
                #expect(try await mesh.nodes[1].gives(SampleSite.bytes(50_000, seed: 73), as: "kept"))
                // The new kind of record reached the other new nodes, and what was refused by old ones harmed nothing.
                let counters = try await mesh.nodes[2].status().counters
                #expect(counters["mesh.quarantined"] == 0, "\(counters)")
            }
        }
    }
}
