import Foundation
import Testing

extension SystemTests {
    /// Sites outlive all their whole copies.
    struct Floors {
        private static let options = ["--repair-delay", "1s", "--probe-interval", "200ms"]

        /// Publisher and holders of whole copies are killed at once; what serves then was made from coded pieces.
        @Test func allCopies_killedAtOnce_siteIsServedFromItsFloor() async throws {
            // Repair by other nodes would make copies too, and is tried below: here a gateway alone has to do it.
            let options = ["--repair-delay", "1h", "--probe-interval", "200ms"]
            try await withMesh(nodes: 12, options: options) { mesh in
                let site = SampleSite(seed: 31, largeFileBytes: 6_000_000)
                let path = try site.write(to: mesh.folder, "site")
                let published = try await mesh.nodes[0].publish(path, "--copies", "3")
                #expect(published.copiesPlaced == 3)
                try await expectFloor(of: mesh.nodes[0])
                let rest = try await killHolders(in: mesh, count: 3)
                // Two gateways are asked for everything at the same time.
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for node in rest.prefix(2) {
                        group.addTask { try await Self.expectAll(of: site, published.name, at: node) }
                    }
                    try await group.waitForAll()
                }
                var restored: [Int] = []
                for node in rest.prefix(2) {
                    restored.append(try await node.status().counters["floors.restored"] ?? 0)
                }
                #expect(restored.max() == 1, "each once, or one from the other: \(restored)")
                // From now on there are whole copies again.
                try await Self.expectAll(of: site, published.name, at: rest[2])
            }
        }

        /// Nobody asks for the site: the nodes make its copies again by themselves.
        @Test func allCopies_killedAtOnce_comeBackFromTheFloor() async throws {
            try await withMesh(nodes: 9, options: Self.options) { mesh in
                let site = SampleSite(seed: 32, largeFileBytes: 3_000_000)
                let path = try site.write(to: mesh.folder, "site")
                let published = try await mesh.nodes[0].publish(path, "--copies", "3")
                try await expectFloor(of: mesh.nodes[0])
                let rest = try await killHolders(in: mesh, count: 3)
                for node in rest {
                    try await eventually("node \(node.index) counts 3 copies") {
                        let copies = try await node.status().copies
                        return copies.live >= 3 && copies.target == 3
                    }
                }
                for node in rest { try await Self.expectAll(of: site, published.name, at: node) }
            }
        }

        /// A new version has its own floor; an unpublished site leaves nothing of it; a restart goes on where it was.
        @Test func floor_followsItsSite_andGoesWithIt() async throws {
            try await withMesh(nodes: 6, options: Self.options) { mesh in
                let publisher = mesh.nodes[0]
                let path = try SampleSite(seed: 33, largeFileBytes: 1_000_000).write(to: mesh.folder, "site")
                _ = try await publisher.publish(path, "--copies", "2")
                // Killed before, while or after the floor is stored: it is there in the end.
                publisher.kill()
                try await publisher.start()
                try await expectFloor(of: publisher)
                let first = try await pieces(mesh)
                try mesh.folder.write("site/index.html", Array("changed".utf8))
                _ = try await publisher.publish(path, "--copies", "2")
                // Both versions are in it, and share almost all blocks: the old one is gone when it is as large again.
                try await eventually("only the new floor is left") {
                    let (names, now) = (try await publisher.names(), try await pieces(mesh))
                    return names.first?.floor == "stored" && now < first * 5 / 4
                }
                for node in mesh.nodes { #expect(try await node.run("fsck").exitCode == 0, "node \(node.index)") }
                _ = try await publisher.output("unpublish", "site")
                for node in mesh.nodes {
                    try await eventually("node \(node.index) has no piece left") {
                        try await node.status().storage.pieces == 0
                    }
                }
            }
        }

        @Test func floor_onTwoNodes_isNotStoredAndSaysWhy() async throws {
            try await withMesh(nodes: 2) { mesh in
                let path = try SampleSite(seed: 34, largeFileBytes: 10_000).write(to: mesh.folder, "site")
                _ = try await mesh.nodes[0].publish(path)
                try await eventually("it is said that there is no floor") {
                    try await mesh.nodes[0].status().floors.reason?.contains("3 nodes") == true
                }
                let entry = try #require(try await mesh.nodes[0].names().first)
                #expect(entry.floor == "none" && entry.floorReason?.contains("this mesh has 2") == true)
                #expect(try await mesh.nodes[0].status().storage.pieces == 0)
            }
        }

        // MARK: -

        private func pieces(_ mesh: TestMesh) async throws -> Int {
            var bytes = 0
            for node in mesh.nodes { bytes += try await node.status().storage.pieces }
            return bytes
        }

        private func expectFloor(of node: TestNode) async throws {
            var seen = ""
            try await eventually("the floor is stored", seen: { seen }) {
                let floors = try await node.status().floors
                seen = "\(floors)"
                return floors.stored == 1 && floors.wanted == 1
            }
            #expect(try await node.names().map(\.floor) == ["stored"])
        }

        /// Kills every node on which blocks lie, at once.
        ///
        /// - Returns: The others.
        private func killHolders(in mesh: TestMesh, count: Int) async throws -> [TestNode] {
            var holders: [TestNode] = []
            for node in mesh.nodes where try await node.status().storage.blocks > 0 { holders.append(node) }
            try #require(holders.count == count && holders.contains { $0.index == 0 })
            for node in holders { node.kill() }
            return mesh.nodes.filter { $0.isRunning }
        }

        private static func expectAll(of site: SampleSite, _ name: String, at node: TestNode) async throws {
            for (path, bytes) in site.files {
                var seen = ""
                try await eventually("node \(node.index) serves \(path)", seen: { seen }) {
                    let answer = try await node.get("/ipns/\(name)/\(SampleSite.url(path))")
                    seen = "\(answer.status)"
                    return answer.status == 200 && answer.body == bytes
                }
            }
        }
    }
}
