import Foundation
import Glibc
import TestFolders
import Testing

extension SystemTests {
    /// Private objects: what a user stores comes back whole, whatever happens to nodes meanwhile.
    struct Objects {
        static let options = ["--repair-delay", "1s", "--probe-interval", "200ms"]
        /// A node's pieces take less than this when nothing but names and tombstones is left, in bytes.
        static let emptyBytesMax = 1_000_000

        // MARK: - There and back

        @Test func file_storedAndRemoved_comesBackAndLeavesNoSpaceTaken() async throws {
            try await withMesh(nodes: 3, options: Self.options) { mesh in
                let (writer, other) = (mesh.nodes[0], mesh.nodes[1])
                let bytes = SampleSite.bytes(20_000_001, seed: 1)
                try mesh.folder.write("a file", bytes)
                let names = try await writer.output("put", "\(mesh.folder.path)/a file", "--name", "docs/ä.bin")
                #expect(names == ["docs/ä.bin"])
                #expect(try await writer.output("ls") == ["docs/ä.bin"])
                let stat = try await writer.stat("docs/ä.bin")
                #expect(stat.bytes == bytes.count)
                #expect(stat.conflicts == [])
                #expect(stat.segments.map(\.k) == [1] && stat.segments.map(\.n) == [3])
                _ = try await writer.output("get", "docs/ä.bin", "-o", "\(mesh.folder.path)/back")
                #expect(try mesh.folder.holds(bytes, in: "back"))
                #expect(mesh.nodes.allSatisfy { $0.pieceDiskBytes > 15_000_000 })
                // Who is not the owner reads nothing of it.
                #expect(try await other.run("get", "docs/ä.bin", "-o", "\(mesh.folder.path)/no").exitCode == 5)

                _ = try await writer.output("rm", "docs/ä.bin")
                #expect(try await writer.output("ls") == [])
                let gone = try await writer.run("get", "docs/ä.bin", "-o", "\(mesh.folder.path)/gone")
                #expect(gone.exitCode == 5)
                #expect(!FileManager.default.fileExists(atPath: "\(mesh.folder.path)/gone"))
                try await expectEmpty(mesh.nodes)
            }
        }

        @Test func folder_stored_comesBackAsItWas() async throws {
            try await withMesh(nodes: 3, options: Self.options) { mesh in
                let writer = mesh.nodes[0]
                let tree = "\(mesh.folder.path)/tree"
                try makeTree(mesh.folder)
                _ = try await writer.output("put", tree)
                let back = "\(mesh.folder.path)/back"
                _ = try await writer.output("get", "tree", "-o", back)
                #expect(try FolderContents(of: back) == FolderContents(of: tree))
                let listed = try await writer.output("ls", "tree/deep/")
                #expect(listed.sorted() == ["tree/deep/er/note.txt", "tree/deep/nothing/"])
                // Without -r what holds others is left alone.
                #expect(try await writer.run("rm", "tree").exitCode == 2)
                #expect(try await writer.output("ls").count == 8)
                _ = try await writer.output("rm", "-r", "tree")
                #expect(try await writer.output("ls") == [])
                let hidden = try await writer.run("get", "tree/.hidden", "-o", "\(mesh.folder.path)/no")
                #expect(hidden.exitCode == 5)
            }
        }

        private func makeTree(_ folder: TemporaryFolder) throws {
            let files = FileManager.default
            try folder.write("tree/deep/er/note.txt", Array("note".utf8))
            try folder.write("tree/empty", [])
            try folder.write("tree/.hidden", Array("hidden".utf8))
            try folder.write("tree/ünïcode/файл 1.txt", SampleSite.bytes(70_000, seed: 2))
            try folder.write("tree/large.bin", SampleSite.bytes(3_000_000, seed: 3))
            try folder.write("tree/run.sh", Array("#!/bin/sh\n".utf8))
            try files.createDirectory(atPath: "\(folder.path)/tree/deep/nothing", withIntermediateDirectories: true)
            try files.createSymbolicLink(
                atPath: "\(folder.path)/tree/link",
                withDestinationPath: "deep/er/note.txt"
            )
            chmod("\(folder.path)/tree/run.sh", 0o755)
        }

        @Test func standardInput_ofManySegments_comesBackOnStandardOutput() async throws {
            try await withMesh(nodes: 3, options: Self.options) { mesh in
                let bytes = SampleSite.bytes(100_000_000, seed: 4)
                try await mesh.nodes[0].put(bytes, as: "stream")
                #expect(try await mesh.nodes[0].gives(bytes, as: "stream"))
                #expect(try await mesh.nodes[0].stat("stream").segments.count == 2)
                // Stored again under the same name: the old bytes give their space back.
                try await mesh.nodes[0].put([], as: "stream")
                #expect(try await mesh.nodes[0].gives([], as: "stream"))
                try await expectEmpty(mesh.nodes)
            }
        }

        private func expectEmpty(_ nodes: [TestNode]) async throws {
            for node in nodes {
                var seen = 0
                try await eventually("node \(node.index) frees its pieces", seen: { "\(seen) bytes" }) {
                    seen = node.pieceDiskBytes
                    return seen < Self.emptyBytesMax
                }
            }
        }
    }
}
