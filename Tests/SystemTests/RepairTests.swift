import Testing

extension SystemTests {
    struct Repair {
        @Test func copies_lostWithNodes_comeBackWithoutThePublisher() async throws {
            let options = ["--repair-delay", "1s", "--probe-interval", "200ms"]
            try await withMesh(nodes: 8, options: options) { mesh in
                let site = SampleSite(seed: 6, largeFileBytes: 3_000_000)
                let published = try await mesh.nodes[0].publish(try site.write(to: mesh.folder, "site"))
                #expect(published.copiesPlaced == 5)
                let holder = try await holder(in: mesh, besides: mesh.nodes[0])
                mesh.nodes[0].kill()
                holder.kill()
                let rest = mesh.nodes.filter { $0.isRunning }
                try #require(rest.count == 6)
                try await expectCopies(5, on: rest)
                for node in rest {
                    let answer = try await node.get("/ipns/\(published.name)/large.bin")
                    #expect(answer.body == site.files["large.bin"], "node \(node.index)")
                }

                // Its copy is taken for granted again, and the surplus is let go.
                try await holder.start()
                try await mesh.settle(rest + [holder])
                try await expectCopies(5, on: rest + [holder])
            }
        }

        /// Killed while it copies: what it had is no residue, and the copies come back all the same.
        @Test(arguments: [30, 120, 300])
        func node_killedWhileItCopies_leavesNoResidueAndCopiesComeBack(milliseconds: Int) async throws {
            let options = ["--repair-delay", "1s", "--probe-interval", "200ms"]
            try await withMesh(nodes: 4, options: options) { mesh in
                let site = SampleSite(seed: 7, largeFileBytes: 48_000_000)
                let path = try site.write(to: mesh.folder, "site")
                let published = try await mesh.nodes[0].publish(path, "--copies", "2")
                #expect(published.copiesPlaced == 2)
                let lost = try await holder(in: mesh, besides: mesh.nodes[0])
                lost.kill()
                let idle = mesh.nodes.filter { $0.isRunning && $0.index != 0 }
                var copier: TestNode?
                try await eventually("another node begins to copy") {
                    for node in idle where try await node.status().storage.blocks > 0 { copier = node }
                    return copier != nil
                }
                let killed = try #require(copier)
                try await Task.sleep(for: .milliseconds(milliseconds))
                killed.kill()
                try await killed.start()
                let rest = mesh.nodes.filter { $0.isRunning }
                try await expectCopies(2, on: rest)
                for node in rest {
                    let answer = try await node.get("/ipns/\(published.name)/large.bin")
                    #expect(answer.body == site.files["large.bin"], "node \(node.index)")
                }
                _ = try await mesh.nodes[0].output("unpublish", "site")
                for node in rest {
                    var seen = ""
                    try await eventually("node \(node.index) has freed all it copied", seen: { seen }) {
                        let status = try await node.status()
                        seen = "\(status)"
                        return status.storage.used == status.storage.cacheUsed
                    }
                }
            }
        }

        /// A node other than `publisher` on which copies lie.
        private func holder(in mesh: TestMesh, besides publisher: TestNode) async throws -> TestNode {
            for node in mesh.nodes where node.index != publisher.index {
                if try await node.status().storage.blocks > 1_000_000 { return node }
            }
            throw TestNode.CommandFailed(description: "no node but the publisher holds a copy")
        }

        private func expectCopies(_ count: Int, on nodes: [TestNode]) async throws {
            for node in nodes {
                var seen = ""
                try await eventually("node \(node.index) counts \(count) copies", seen: { seen }) {
                    let copies = try await node.status().copies
                    seen = "\(copies)"
                    return copies.live == count && copies.target == count
                }
            }
        }
    }
}
