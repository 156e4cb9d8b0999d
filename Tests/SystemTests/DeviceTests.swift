import Testing

extension SystemTests {
    /// Machines that write for the same owner.
    struct Devices {
        /// Two devices of one owner, on two of three nodes.
        private func withDevices(_ body: (TestMesh, TestNode, TestNode) async throws -> Void) async throws {
            try await withMesh(nodes: 3, options: Objects.options) { mesh in
                let (first, second) = (mesh.nodes[0], mesh.nodes[1])
                try await first.put(Array("first".utf8), as: "first")
                let invite = try #require(try await first.output("key", "add-device", "laptop").first)
                _ = try await second.output("key", "add-device", "--accept", invite)
                try await expectNames(["first"], on: second)
                try await body(mesh, first, second)
            }
        }

        private func expectNames(_ wanted: [String], on node: TestNode) async throws {
            var seen: [String] = []
            try await eventually("node \(node.index) lists \(wanted)", seen: { "but \(seen)" }) {
                seen = try await node.output("ls")
                return seen == wanted
            }
        }

        @Test func devices_writingAtTheSameTime_agreeOnOneWinnerAndKeepAllElse() async throws {
            try await withDevices { _, first, second in
                let (mine, yours) = (SampleSite.bytes(300_000, seed: 21), SampleSite.bytes(400_000, seed: 22))
                async let one: Void = first.put(mine, as: "same")
                async let two: Void = second.put(yours, as: "same")
                _ = try await (one, two)
                async let three: Void = first.put(mine, as: "of-first")
                async let four: Void = second.put(yours, as: "of-second")
                _ = try await (three, four)
                for node in [first, second] {
                    try await expectNames(["first", "of-first", "of-second", "same"], on: node)
                    #expect(try await node.gives(mine, as: "of-first"))
                    #expect(try await node.gives(yours, as: "of-second"))
                    #expect(try await node.gives(Array("first".utf8), as: "first"))
                }
                let winners = (try await first.read("same"), try await second.read("same"))
                let (isOne, isWhole) = (winners.0 == winners.1, winners.0 == mine || winners.0 == yours)
                #expect(isOne && isWhole)
                // Removed by one, it is gone for the other, and stays so.
                _ = try await second.output("rm", "of-first")
                try await expectNames(["first", "of-second", "same"], on: first)
            }
        }

        @Test func device_revoked_writesNothingMoreThatOthersSee() async throws {
            try await withDevices { mesh, first, second in
                let before = SampleSite.bytes(300_000, seed: 23)
                try await second.put(before, as: "before")
                try await expectNames(["before", "first"], on: first)
                // Who was only added may not revoke.
                #expect(try await second.run("key", "revoke-device", "laptop").exitCode != 0)
                _ = try await first.output("key", "revoke-device", "laptop")
                for node in [first, second] {
                    try await eventually("node \(node.index) knows of the revocation") {
                        try await node.devices().contains { $0.name == "laptop" && $0.state == "revoked" }
                    }
                }
                try mesh.folder.write("late", SampleSite.bytes(300_000, seed: 24))
                let late = try await second.run("put", "\(mesh.folder.path)/late")
                #expect(late.exitCode != 0, "\(late)")
                // What it wrote before stays, and the owner goes on.
                try await first.put(Array("after".utf8), as: "after")
                try await expectNames(["after", "before", "first"], on: first)
                #expect(try await first.gives(before, as: "before"))
                #expect(try await first.run("get", "late", "-o", "\(mesh.folder.path)/no").exitCode == 5)
            }
        }
    }
}
