import Foundation
import Glibc
import Testing

extension SystemTests {
    /// Private objects while nodes are lost.
    struct ObjectLoss {
        /// Counts as no data of an object any more, in bytes.
        private static let emptyBytesMax = 1_000_000

        @Test func get_afterAThirdWasKilledRightAfterPut_bringsEveryByte() async throws {
            try await withMesh(nodes: 9, options: Objects.options) { mesh in
                let bytes = SampleSite.bytes(30_000_000, seed: 11)
                try await mesh.nodes[0].put(bytes, as: "kept")
                for node in mesh.nodes.suffix(3) { node.kill() }
                #expect(try await mesh.nodes[0].gives(bytes, as: "kept"))
            }
        }

        @Test func owner_whoseMachineIsLost_comesBackFromThePhraseAlone() async throws {
            try await withMesh(nodes: 4, options: Objects.options) { mesh in
                let (lost, helper) = (mesh.nodes[0], mesh.nodes[1])
                let bytes = SampleSite.bytes(5_000_000, seed: 12)
                try await lost.put(bytes, as: "docs/large")
                try await lost.put(Array("small".utf8), as: "docs/small")
                let phrase = try #require(try await lost.output("key", "backup").first)
                lost.kill()
                try FileManager.default.removeItem(atPath: lost.data)

                let fresh = try TestNode(4, in: mesh.folder, options: Objects.options)
                defer { fresh.kill() }
                try await fresh.start(join: try await helper.invite())
                var words = phrase.split(separator: " ").map(String.init)
                words[3] = "holdfastly"
                let mistyped = try await fresh.recover(words.joined(separator: " "))
                #expect(mistyped.exitCode == 4)
                #expect(mistyped.errors.contains("word 4") && mistyped.errors.contains("holdfastly"), "\(mistyped)")

                let recovered = try await fresh.recover(phrase)
                #expect(recovered.exitCode == 0, "\(recovered.errors)")
                var names: [String] = []
                try await eventually("the names are there", seen: { "\(names)" }) {
                    names = try await fresh.output("ls")
                    return names == ["docs/large", "docs/small"]
                }
                #expect(try await fresh.gives(bytes, as: "docs/large"))
                #expect(try await fresh.gives(Array("small".utf8), as: "docs/small"))
                // And may go on writing.
                try await fresh.put(Array("more".utf8), as: "docs/more")
                #expect(try await fresh.gives(Array("more".utf8), as: "docs/more"))
                #expect(try await fresh.run("get", "docs/none", "-o", "\(mesh.folder.path)/no").exitCode == 5)
            }
        }

        @Test func object_removedWhileAThirdIsAway_staysRemovedWhenTheyReturn() async throws {
            try await withMesh(nodes: 6, options: Objects.options) { mesh in
                let writer = mesh.nodes[0]
                try await writer.put(SampleSite.bytes(12_000_000, seed: 13), as: "gone")
                try await writer.put(SampleSite.bytes(200_000, seed: 14), as: "kept")
                try await mesh.expectStrength(6, of: "gone", on: writer)
                let away = Array(mesh.nodes.suffix(2))
                for node in away {
                    #expect(node.pieceDiskBytes > 5_000_000)
                    node.kill()
                }
                _ = try await writer.output("rm", "gone")
                for node in away { try await node.start() }
                try await mesh.settle(mesh.nodes)
                for node in mesh.nodes {
                    var seen = 0
                    try await eventually("node \(node.index) frees the pieces", seen: { "\(seen) bytes" }) {
                        seen = node.pieceDiskBytes
                        return seen < Self.emptyBytesMax
                    }
                }
                #expect(try await writer.output("ls") == ["kept"])
                #expect(try await writer.run("get", "gone", "-o", "\(mesh.folder.path)/no").exitCode == 5)
                #expect(try await writer.gives(SampleSite.bytes(200_000, seed: 14), as: "kept"))
            }
        }

        @Test func pieces_lostWithAThird_areMadeAnewOnFreshNodes() async throws {
            try await withMesh(nodes: 9, options: Objects.options) { mesh in
                let writer = mesh.nodes[0]
                let bytes = SampleSite.bytes(9_000_000, seed: 15)
                try await writer.put(bytes, as: "object")
                try await mesh.expectStrength(9, of: "object", on: writer)
                for node in mesh.nodes.suffix(3) { node.kill() }
                let fresh = try (9..<12).map { try TestNode($0, in: mesh.folder, options: Objects.options) }
                defer { for node in fresh { node.kill() } }
                for node in fresh { try await node.start(join: try await writer.invite()) }
                try await mesh.expectStrength(9, of: "object", on: writer)
                for node in Array(mesh.nodes.prefix(6)) + fresh {
                    var seen = 0
                    try await eventually("node \(node.index) knows no debt", seen: { "but \(seen)" }) {
                        seen = try await node.status().debt
                        return seen == 0
                    }
                }
                // The new pieces are right: with three more gone the bytes come from them.
                for node in mesh.nodes[3..<6] { node.kill() }
                #expect(try await writer.gives(bytes, as: "object"))
            }
        }

        @Test func writer_killedInTheMiddleOfPut_storesItWholeTheNextTime() async throws {
            try await withMesh(nodes: 3, options: Objects.options) { mesh in
                let writer = mesh.nodes[0]
                let bytes = SampleSite.bytes(200_000_000, seed: 16)
                try mesh.folder.write("large", bytes)
                let path = "\(mesh.folder.path)/large"
                try await writer.put(Array("before".utf8), as: "before")
                let command = try ChildProcess(
                    Holdfast.path,
                    ["put", path, "--data", writer.data],
                    output: mesh.folder.path + "/put.out",
                    errors: mesh.folder.path + "/put.err"
                )
                defer { command.kill() }
                try await eventually("pieces are on their way") { mesh.nodes[1].pieceDiskBytes > 10_000_000 }
                writer.kill()
                #expect(try await command.end() != 0)
                try await writer.start()
                try await mesh.settle(mesh.nodes)
                #expect(try await writer.output("ls") == ["before"])
                _ = try await writer.output("put", path)
                _ = try await writer.output("get", "large", "-o", "\(mesh.folder.path)/back")
                #expect(try mesh.folder.holds(bytes, in: "back"))
                #expect(try await writer.gives(Array("before".utf8), as: "before"))
            }
        }
    }
}
