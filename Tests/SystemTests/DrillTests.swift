import Foundation
import Testing

extension SystemTests {
    /// What a drill says is what happens when its losses come true, and nobody who is taken for lost notices it.
    struct Drills {
        /// Nothing is repaired meanwhile: what is lost stays lost.
        private static let options = ["--repair-delay", "1h", "--probe-interval", "200ms"]
        private static let objectBytes = 3_000_000

        /// A site with three copies and a floor, a large object, a small one, and one that is kept with the names.
        private func fill(_ mesh: TestMesh) async throws -> (site: SampleSite, name: String, object: [UInt8]) {
            let owner = mesh.nodes[0]
            let site = SampleSite(seed: 61, largeFileBytes: 2_000_000)
            let published = try await owner.publish(site.write(to: mesh.folder, "site"), "--copies", "3")
            let object = SampleSite.bytes(Self.objectBytes, seed: 62)
            try await owner.put(object, as: "large")
            try await owner.put(SampleSite.bytes(9_000, seed: 63), as: "docs/small")
            try await owner.put(Array("tiny".utf8), as: "docs/tiny")
            for name in ["large", "docs/small", "docs/tiny"] {
                try await mesh.expectStrength(mesh.nodes.count / 3 * 3, of: name, on: owner)
            }
            var seen = ""
            try await eventually("the floor is stored", seen: { seen }) {
                let floors = try await owner.status().floors
                seen = "\(floors)"
                return floors.stored == 1
            }
            return (site, published.name, object)
        }

        private func drill(_ node: TestNode, _ arguments: [String]) async throws -> (DrillReport, exitCode: Int32) {
            let outcome = try await node.run(["drill", "--json"] + arguments)
            let line = try #require(outcome.output.first, "\(outcome)")
            return (try JSONDecoder().decode(DrillReport.self, from: Data(line.utf8)), outcome.exitCode)
        }

        /// How often bytes were read from each node.
        private func reads(_ nodes: some Sequence<TestNode>) async throws -> [Int] {
            var counts: [Int] = []
            for node in nodes { counts.append(try #require(try await node.status().counters["peers.reads"])) }
            return counts
        }

        private func losing(_ nodes: some Sequence<TestNode>) async throws -> [String] {
            var arguments: [String] = []
            for node in nodes { arguments += ["--lose", "node:\(try await node.status().node)"] }
            return arguments
        }

        /// Nine nodes, 3 of 9 pieces: four may go, seven may not. Then just these do go.
        @Test(.timeLimit(.minutes(10)))
        func drill_foretellsWhatKillingTheSameNodesDoes_andReadsNothingOfThem() async throws {
            try await withMesh(nodes: 9, options: Self.options) { mesh in
                let (site, name, object) = try await fill(mesh)
                let owner = mesh.nodes[0]
                let (some, most) = (mesh.nodes[1..<5], mesh.nodes[1..<8])
                let (losingSome, losingMost) = (try await losing(some), try await losing(most))
                let (untouched, asked) = (try await reads(some), try await reads(mesh.nodes[5...]))

                let (few, fewCode) = try await drill(owner, losingSome)
                #expect(fewCode == 0 && few.tally.lost == 0 && few.nodesLost == 4 && few.nodes == 9, "\(few)")
                #expect(few.reads.items == few.reads.of && few.reads.bytes > Self.objectBytes, "\(few.reads)")
                let left = try #require(few.item("large"))
                #expect(left.verdict == "degraded" && left.wasRead && left.piecesNeeded == 3, "\(left)")
                #expect(left.piecesNow == 9 && left.piecesLeft == 5, "\(left)")

                let (many, manyCode) = try await drill(owner, losingMost)
                #expect(manyCode == 12)
                let lost = try #require(many.item("large"))
                #expect(lost.verdict == "lost" && lost.piecesLeft == 2, "\(lost)")
                #expect(lost.lostWith.count == 7 && lost.reason != nil, "\(lost)")
                #expect(many.verdicts["site"] == "degraded", "the own copy is left: \(many)")

                // Nobody who was taken for lost was read from; who was left was.
                #expect(try await reads(some) == untouched)
                #expect(zip(asked, try await reads(mesh.nodes[5...])).contains { $0 < $1 })

                for node in some { node.kill() }
                try await expectAll(of: few, from: owner, site, name, object, at: try #require(mesh.nodes.last))
                for node in most { node.kill() }
                // What it remembers of the names does not count.
                owner.kill()
                try await owner.start()
                for object in ["large", "docs/tiny"] {
                    #expect(many.verdicts[object] == "lost")
                    #expect(try await owner.run("get", object, "-o", "\(mesh.folder.path)/gone").exitCode != 0)
                }
                #expect(try await owner.get("/ipns/\(name)/index.html").body == site.files["index.html"])
            }
        }

        /// Nothing was to be lost: everything is there.
        private func expectAll(
            of report: DrillReport,
            from owner: TestNode,
            _ site: SampleSite,
            _ name: String,
            _ object: [UInt8],
            at other: TestNode
        ) async throws {
            #expect(!report.verdicts.values.contains("lost"))
            #expect(try await owner.gives(object, as: "large"))
            #expect(try await owner.gives(SampleSite.bytes(9_000, seed: 63), as: "docs/small"))
            #expect(try await owner.gives(Array("tiny".utf8), as: "docs/tiny"))
            for (path, bytes) in site.files {
                try await eventually("node \(other.index) serves \(path)") {
                    let answer = try await other.get("/ipns/\(name)/\(SampleSite.url(path))")
                    return answer.status == 200 && answer.body == bytes
                }
            }
        }

        /// Six nodes, 2 of 6 pieces, an operator each; hosting: home 2, hetzner 2, aws 1, ovh 1.
        @Test(.timeLimit(.minutes(10)))
        func drill_ofDomainsSharesAndAll_isAnsweredByTheSmallestLoss() async throws {
            try await withMesh(nodes: 6, options: Self.options) { mesh in
                _ = try await fill(mesh)
                let owner = mesh.nodes[0]

                let (everybody, code) = try await drill(owner, ["--lose", "100%"])
                #expect(
                    code == 12 && everybody.thisNodeLost && everybody.tally.lost == everybody.reads.of,
                    "\(everybody)"
                )
                #expect(everybody.notes.contains { $0.contains("nobody would be left") })

                // Without all whole copies the site is read from its floor.
                var copies: [TestNode] = []
                for node in mesh.nodes where try await node.status().storage.blocks > 0 { copies.append(node) }
                try #require(copies.count == 3)
                let (floored, flooredCode) = try await drill(owner, losing(copies))
                let site = try #require(floored.item("site"))
                #expect(flooredCode == 0 && site.verdict == "degraded" && site.wasRead && !site.onlyHere, "\(site)")
                #expect(site.copiesNow == 3 && site.copiesLeft == 0 && site.piecesLeft == 3, "\(site)")

                let (singles, singlesCode) = try await drill(owner, ["--all-single"])
                #expect(singlesCode == 0, "\(singles)")
                #expect(singles.singles.count == 6 + 4 + 4)
                #expect(singles.singles.allSatisfy { $0.read > 0 && $0.tally.lost == 0 && $0.tally.degraded > 0 })
                #expect(singles.tally == .init(reachable: 5, degraded: 0, lost: 0))
                let operators = try #require(singles.smallest.first { $0.kind == "operator" })
                // Five of six pieces have to go, so that fewer than two are left.
                #expect(operators.domains?.count == 5 && operators.exact, "\(operators)")
                let hostings = try #require(singles.smallest.first { $0.kind == "hosting" })
                #expect(hostings.domains?.count == 3, "\(hostings)")

                // The smallest loss loses something, and one domain less loses nothing.
                let names = try #require(hostings.domains)
                let all = names.flatMap { ["--lose", "hosting:\($0)"] }
                #expect(try await owner.run(["drill"] + all).exitCode == 12)
                for leaving in names.indices {
                    let fewer = names.indices.filter { $0 != leaving }.flatMap { ["--lose", "hosting:\(names[$0])"] }
                    #expect(try await owner.run(["drill"] + fewer).exitCode == 0, "without \(fewer)")
                }

                let (sampled, sampledCode) = try await drill(owner, ["--lose", "operator:op-0", "--sample", "1"])
                #expect(sampledCode == 0 && sampled.thisNodeLost, "\(sampled)")
                #expect(sampled.reads.sampled == 1 && sampled.reads.lostAtMost == 2, "\(sampled.reads)")
                #expect(
                    sampled.items.count(where: \.wasRead) == 3,
                    "the site, the names and one object: \(sampled.items)"
                )
            }
        }

        /// What only this machine still has is said; what nobody of the mesh is called is refused.
        @Test(.timeLimit(.minutes(10)))
        func drill_withoutTheOthers_saysWhatOnlyThisMachineHas() async throws {
            try await withMesh(nodes: 3, options: Self.options) { mesh in
                _ = try await fill(mesh)
                let owner = mesh.nodes[0]
                let (alone, code) = try await drill(owner, losing(mesh.nodes.dropFirst()))
                // 1 of 3 pieces: the one that is here is enough.
                #expect(code == 0 && alone.items.allSatisfy { $0.onlyHere && $0.verdict == "degraded" }, "\(alone)")
                let (others, othersCode) = try await drill(owner, losing([owner]))
                #expect(othersCode == 0 && others.thisNodeLost, "\(others)")
                #expect(others.items.allSatisfy { !$0.onlyHere && $0.verdict == "degraded" && $0.wasRead }, "\(others)")
                let refused = try await owner.run("drill", "--lose", "hosting:azure")
                #expect(refused.exitCode == 5 && refused.errors.contains("aws, hetzner, home"), "\(refused)")
                #expect(refused.errorLines.count == 1 && refused.output.isEmpty)
                let operators = try await owner.run("drill", "--lose", "operator:nobody")
                #expect(operators.exitCode == 5 && operators.errors.contains("op-0"), "\(operators)")
                let malformed = try await owner.run("drill", "--lose", "cloud:aws")
                #expect(malformed.exitCode == 2, "\(malformed)")
                // Nothing of it was kept, and the stores are sound.
                for node in mesh.nodes { #expect(try await node.run("fsck", "--no-repair").exitCode == 0) }
            }
        }

        /// A floor needs an owner, who then has no names: there is nothing private that could be lost.
        @Test(.timeLimit(.minutes(10)))
        func drill_ofASiteAlone_knowsOfNoNames() async throws {
            try await withMesh(nodes: 3, options: Self.options) { mesh in
                let owner = mesh.nodes[0]
                let site = SampleSite(seed: 65, largeFileBytes: 100_000)
                _ = try await owner.publish(site.write(to: mesh.folder, "site"), "--copies", "3")
                try await eventually("the floor is stored") { try await owner.status().floors.stored == 1 }
                let (one, code) = try await drill(owner, losing([mesh.nodes[2]]))
                #expect(code == 0 && one.items.map(\.kind) == ["site"], "\(one)")
                let (all, _) = try await drill(owner, ["--all-single"])
                #expect(all.tally == .init(reachable: 1, degraded: 0, lost: 0), "\(all)")
                let operators = all.singles.filter { $0.kind == "operator" }
                #expect(operators.count == 3 && operators.allSatisfy { $0.tally.lost == 0 }, "\(operators)")
            }
        }

        /// Pieces rot on two disks, and the third is gone: arithmetic finds nothing wrong, reading does.
        @Test(.timeLimit(.minutes(10)))
        func drill_whenPiecesAreDamaged_isNotFooledByWhoSaysToHoldThem() async throws {
            try await withMesh(nodes: 3, options: Self.options) { mesh in
                let owner = mesh.nodes[0]
                try await owner.put(SampleSite.bytes(400_000, seed: 64), as: "object")
                try await mesh.expectStrength(3, of: "object", on: owner)
                let losingThird = try await losing([mesh.nodes[2]])
                // Nobody is left from whom what is found damaged could be made again.
                mesh.nodes[2].kill()
                let (before, codeBefore) = try await drill(owner, losingThird)
                #expect(codeBefore == 0 && before.tally.lost == 0, "\(before)")
                for node in mesh.nodes.prefix(2) { try node.damagePieces() }
                let (report, code) = try await drill(owner, losingThird)
                #expect(code == 12, "\(report)")
                let item = try #require(report.item("object"))
                #expect(item.verdict == "lost" && item.wasRead && item.reason != nil, "\(item)")
            }
        }
    }
}

extension TestNode {
    /// Runs a command against this node.
    func run(_ arguments: [String]) async throws -> Holdfast.Outcome {
        try await Holdfast.run(arguments + ["--data", data], in: folder)
    }

    /// Changes bytes in the middle of every volume of pieces.
    fileprivate func damagePieces() throws {
        let volumes = URL(filePath: data + "/pieces/volumes")
        for file in try FileManager.default.contentsOfDirectory(at: volumes, includingPropertiesForKeys: nil) {
            let handle = try FileHandle(forUpdating: file)
            defer { try? handle.close() }
            let size = try handle.seekToEnd()
            guard size > 100_000 else { continue }
            for offset in stride(from: UInt64(20_000), to: size - 100, by: 10_000) {
                try handle.seek(toOffset: offset)
                try handle.write(contentsOf: Data(repeating: 0xA5, count: 64))
            }
        }
    }
}
