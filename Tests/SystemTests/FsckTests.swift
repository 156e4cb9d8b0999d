import Foundation
import Glibc
import Testing

extension SystemTests {
    /// What is rotten on a disk is found, said, and made good by the other nodes.
    struct Fsck {
        /// Inverts bytes in the middle of a node's largest file in a folder.
        private func rot(_ node: TestNode, _ folder: String) throws {
            let path = node.data + "/" + folder
            let names = try FileManager.default.contentsOfDirectory(atPath: path).map { "\(path)/\($0)" }
            let sizes = try names.map { name in
                let attributes = try FileManager.default.attributesOfItem(atPath: name)
                return (attributes[.size] as? NSNumber)?.intValue ?? 0
            }
            let (name, size) = try #require(zip(names, sizes).max { $0.1 < $1.1 })
            let handle = try FileHandle(forUpdating: URL(filePath: name))
            defer { try? handle.close() }
            try handle.seek(toOffset: UInt64(size / 2))
            let bytes = try handle.read(upToCount: 64) ?? Data()
            try handle.seek(toOffset: UInt64(size / 2))
            try handle.write(contentsOf: Data(bytes.map { ~$0 }))
        }

        private func fsck(_ node: TestNode, _ options: String...) async throws -> (code: Int32, report: FsckReport) {
            let arguments = ["fsck", "--json", "--data", node.data] + options
            let outcome = try await Holdfast.run(arguments, in: node.folder)
            let line = try #require(outcome.output.first, "\(outcome.errors)")
            return (outcome.exitCode, try JSONDecoder().decode(FsckReport.self, from: Data(line.utf8)))
        }

        @Test func piece_rottenOnDisk_isSaidThenMadeAgainFromTheOthers() async throws {
            try await withMesh(nodes: 3, options: Objects.options) { mesh in
                let writer = mesh.nodes[0]
                let bytes = SampleSite.bytes(8_000_000, seed: 41)
                try await writer.put(bytes, as: "object")
                try await eventually("all hold a piece") { mesh.nodes.allSatisfy { $0.pieceDiskBytes > 1_000_000 } }
                let sound = try await fsck(mesh.nodes[1])
                #expect(sound.code == 0 && sound.report.sound && sound.report.bytes > 1_000_000, "\(sound)")

                try rot(mesh.nodes[1], "pieces/volumes")
                let told = try await fsck(mesh.nodes[1], "--no-repair")
                #expect(told.code == 9 && !told.report.sound && told.report.rebuilt == 0, "\(told)")
                #expect(told.report.problems.count == 1 && told.report.problems[0].contains("is damaged"))
                let mended = try await fsck(mesh.nodes[1])
                #expect(mended.code == 0 && mended.report.sound && mended.report.rebuilt == 1, "\(mended)")
                let again = try await fsck(mesh.nodes[1])
                #expect(again.code == 0 && again.report.rebuilt == 0, "\(again)")
                // With the others gone it is read from what was made again.
                #expect(try await writer.gives(bytes, as: "object"))
            }
        }

        @Test func block_rottenOnDisk_isSaidAndFetchedFromOthers() async throws {
            try await withMesh(nodes: 3, options: Objects.options) { mesh in
                let site = "\(mesh.folder.path)/site"
                try FileManager.default.createDirectory(atPath: site, withIntermediateDirectories: true)
                let bytes = SampleSite.bytes(6_000_000, seed: 42)
                try mesh.folder.write("site/large.bin", bytes)
                let published = try await mesh.nodes[0].publish(site)
                let node = mesh.nodes[1]
                let sound = try await fsck(node)
                #expect(sound.code == 0 && sound.report.bytes >= bytes.count, "\(sound)")

                try rot(node, "blocks/volumes")
                let told = try await fsck(node)
                #expect(told.code == 9 && !told.report.sound, "\(told)")
                #expect(told.report.problems.contains { $0.contains("block b") && $0.contains("is damaged") })
                var seen = ""
                try await eventually("the block is fetched again", seen: { seen }) {
                    let again = try await fsck(node)
                    seen = "\(again)"
                    return again.code == 0 && again.report.sound
                }
                #expect(try await node.get("/ipns/\(published.name)/large.bin").body == bytes)
            }
        }

        @Test func pieceIndex_lost_isBuiltAnewAndWhatOthersHoldIsLearntAgain() async throws {
            try await withMesh(nodes: 3, options: Objects.options) { mesh in
                let node = mesh.nodes[2]
                let bytes = SampleSite.bytes(3_000_000, seed: 43)
                try await mesh.nodes[0].put(bytes, as: "object")
                var before = try await node.status().pieces
                try await eventually("node 2 knows all holders", seen: { "\(before)" }) {
                    before = try await node.status().pieces
                    return before.live > 0 && before.live == before.target
                }
                _ = try await node.stop()
                for suffix in ["", "-wal", "-shm"] {
                    try? FileManager.default.removeItem(atPath: "\(node.data)/pieces/index.sqlite\(suffix)")
                }
                try await node.start()
                var after = before
                try await eventually("node 2 knows them again", seen: { "\(after), \(before) before" }) {
                    after = try await node.status().pieces
                    return after.live == before.live && after.target == before.target
                }
                #expect(try await fsck(node).report.sound)
                // Its word counts as before: it is read from, and nobody repairs what it has.
                mesh.nodes[1].kill()
                #expect(try await mesh.nodes[0].gives(bytes, as: "object"))
            }
        }

        @Test func pack_mostlyRemoved_isWrittenAnewAndItsSpaceIsFree() async throws {
            try await withMesh(nodes: 3, options: Objects.options) { mesh in
                let writer = mesh.nodes[0]
                let folder = "\(mesh.folder.path)/many"
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                for number in 0..<60 {
                    let bytes = SampleSite.bytes(200_000, seed: UInt64(500 + number))
                    try mesh.folder.write("many/\(number)", bytes)
                }
                _ = try await writer.output("put", folder)
                let full = 60 * 200_000
                try await eventually("all hold it") { mesh.nodes.allSatisfy { $0.pieceDiskBytes >= full } }
                for number in 0..<54 { _ = try await writer.output("rm", "many/\(number)") }
                for node in mesh.nodes {
                    var held = 0
                    try await eventually("node \(node.index) frees what was removed", seen: { "\(held) bytes" }) {
                        held = node.pieceDiskBytes
                        return held < full / 3
                    }
                }
                for number in 54..<60 {
                    let bytes = SampleSite.bytes(200_000, seed: UInt64(500 + number))
                    #expect(try await writer.gives(bytes, as: "many/\(number)"))
                }
                for node in mesh.nodes { #expect(try await fsck(node).report.sound) }
            }
        }
    }
}
