import Foundation
import Glibc
import Testing

extension SystemTests {
    /// `put` and `get` that were cut off go on where they ended when they are given again.
    struct Resumption {
        private static let options = ["--repair-delay", "60s", "--probe-interval", "200ms", "--storage", "4GB"]
        /// Plaintext in a full segment of one object: 1,024 records.
        private static let segmentBytes = 1_024 * 65_520
        /// When a node holds more, the first segment of a put is acknowledged: a third one is begun only then.
        private static let twoSegments = 140_000_000
        /// A node's pieces take less than this when nothing but names and tombstones is left, in bytes.
        private static let emptyBytesMax = 1_000_000

        /// What scripts rely on in `put --json` and `get --json`.
        private struct Moved: Decodable {
            let bytes: Int
            let bytesResumed: Int
        }

        // MARK: - put

        @Test func put_ofFile_nodeKilledTwice_sendsOnlyTheRest() async throws {
            try await withMesh(nodes: 3, options: Self.options) { mesh in
                let writer = mesh.nodes[0]
                let bytes = SampleSite.bytes(330_000_000, seed: 31)
                try mesh.folder.write("large", bytes)
                let path = "\(mesh.folder.path)/large"
                try await cutOff(["put", path], in: mesh, whenHeld: Self.twoSegments)
                try await cutOff(["put", path], in: mesh, whenHeld: Self.segmentBytes * 3)
                // Neither its place nor its time is what counts.
                try FileManager.default.moveItem(atPath: path, toPath: "\(mesh.folder.path)/moved")
                let moved = try await run(["put", "\(mesh.folder.path)/moved", "--name", "large"], writer)
                #expect(moved.bytes == bytes.count)
                #expect(moved.bytesResumed >= Self.segmentBytes && moved.bytesResumed < bytes.count)
                #expect(try await writer.gives(bytes, as: "large"))
                for node in mesh.nodes { _ = try await node.output("fsck") }
                let segments = try await writer.stat("large").segments
                #expect(segments.count == 5)
                #expect(segments.allSatisfy { $0.piecesLive >= 2 })
                try await expectEmpty(mesh, after: "large")
            }
        }

        @Test func put_ofStream_thatGoesOnDifferently_resumesUpToThere() async throws {
            try await withMesh(nodes: 3, options: Self.options) { mesh in
                let writer = mesh.nodes[0]
                let first = SampleSite.bytes(200_000_000, seed: 32)
                try mesh.folder.write("first", first)
                let put = ["put", "-", "--name", "stream"]
                try await cutOff(put, input: "\(mesh.folder.path)/first", in: mesh, whenHeld: Self.twoSegments)
                let second = Array(first[..<(Self.segmentBytes + 1_000)]) + SampleSite.bytes(90_000_000, seed: 33)
                try mesh.folder.write("second", second)
                let moved = try await run(put, writer, input: "\(mesh.folder.path)/second")
                #expect(moved.bytes == second.count)
                #expect(moved.bytesResumed == Self.segmentBytes)
                #expect(try await writer.gives(second, as: "stream"))
                try await expectEmpty(mesh, after: "stream")
            }
        }

        @Test func put_ofManySmallFiles_oneChanged_resumesTheirCommonSegments() async throws {
            try await withMesh(nodes: 3, options: Self.options) { mesh in
                let writer = mesh.nodes[0]
                let tree = "\(mesh.folder.path)/tree"
                for number in 1_000..<4_000 {
                    let bytes = SampleSite.bytes(80_000, seed: UInt64(number))
                    try mesh.folder.write("tree/\(number % 7)/\(number)", bytes)
                }
                try await cutOff(["put", tree], in: mesh, whenHeld: Self.twoSegments)
                try mesh.folder.write("tree/6/3996", SampleSite.bytes(80_000, seed: 34))
                let moved = try await run(["put", tree], writer)
                #expect(moved.bytesResumed > 60_000_000 && moved.bytesResumed < moved.bytes)
                _ = try await writer.output("get", "tree", "-o", "\(mesh.folder.path)/back")
                #expect(try FolderContents(of: "\(mesh.folder.path)/back") == FolderContents(of: tree))
                try await expectEmpty(mesh, after: "tree")
            }
        }

        @Test func put_whosePiecesWereLostMeanwhile_sendsThemAgain() async throws {
            try await withMesh(nodes: 3, options: Self.options) { mesh in
                let writer = mesh.nodes[0]
                let bytes = SampleSite.bytes(200_000_000, seed: 35)
                try mesh.folder.write("large", bytes)
                let put = ["put", "\(mesh.folder.path)/large"]
                try await cutOff(put, in: mesh, whenHeld: Self.twoSegments)
                for node in mesh.nodes.dropFirst() {
                    node.kill()
                    try FileManager.default.removeItem(atPath: node.data + "/pieces")
                    try await node.start()
                }
                try await mesh.settle(mesh.nodes)
                let moved = try await run(put, writer)
                #expect(moved.bytesResumed == 0)
                #expect(try await writer.gives(bytes, as: "large"))
                let segments = try await writer.stat("large").segments
                #expect(segments.allSatisfy { $0.piecesLive >= 2 })
            }
        }

        // MARK: - get

        @Test func get_ofFile_nodeKilled_fetchesOnlyTheRestOfTheSameVersion() async throws {
            try await withMesh(nodes: 3, options: Self.options) { mesh in
                let writer = mesh.nodes[0]
                let bytes = SampleSite.bytes(200_000_000, seed: 36)
                try await writer.put(bytes, as: "large")
                let target = "\(mesh.folder.path)/out/back"
                try mesh.folder.write("out/back", Array("old".utf8))
                let get = ["get", "large", "-o", target]
                let part = try await cutOff(get, in: mesh, whenWritten: 40_000_000, beside: target)
                #expect(try mesh.folder.holds(Array("old".utf8), in: "out/back"), "the target is as it was")
                var status = stat()
                try #require(lstat(part, &status) == 0)
                #expect(status.st_mode & 0o777 == 0o600)

                // What a power cut spoils is not gone on with.
                let wrong = 20_000_000
                try spoil(part, at: wrong)
                let moved = try await run(get, writer)
                #expect(moved.bytes == bytes.count)
                #expect(moved.bytesResumed == wrong / 65_520 * 65_520)
                #expect(try mesh.folder.holds(bytes, in: "out/back"))
                #expect(try names(in: "\(mesh.folder.path)/out") == ["back"])

                // Another version begins anew, and removes what the one before left.
                _ = try await cutOff(get, in: mesh, whenWritten: 40_000_000, beside: target)
                let newer = SampleSite.bytes(30_000_000, seed: 37)
                try await writer.put(newer, as: "large")
                #expect(try await run(get, writer).bytesResumed == 0)
                #expect(try mesh.folder.holds(newer, in: "out/back"))
                #expect(try names(in: "\(mesh.folder.path)/out") == ["back"])
            }
        }

        @Test func get_ofFolder_nodeKilled_keepsWholeFilesAndFetchesChangedOnesAgain() async throws {
            try await withMesh(nodes: 3, options: Self.options) { mesh in
                let writer = mesh.nodes[0]
                let tree = "\(mesh.folder.path)/tree"
                for number in 0..<40 {
                    let bytes = SampleSite.bytes(5_000_000, seed: UInt64(50 + number))
                    try mesh.folder.write("tree/\(number % 3)/\(number)", bytes)
                }
                _ = try await writer.output("put", tree)
                let target = "\(mesh.folder.path)/out/back"
                try mesh.folder.write("out/keep", [])
                let get = ["get", "tree", "-o", target]
                try await cutOff(get, in: mesh, when: { written(in: target) > 60_000_000 })
                let whole = try files(in: target).filter { !$0.contains(".holdfast-") }
                try #require(whole.count > 2)
                try Data("changed".utf8).write(to: URL(filePath: target + "/" + whole[0]))
                let moved = try await run(get, writer)
                #expect(moved.bytes == 200_000_000)
                #expect(moved.bytesResumed >= (whole.count - 2) * 5_000_000)
                #expect(moved.bytesResumed < 200_000_000)
                #expect(try FolderContents(of: target) == FolderContents(of: tree))
                #expect(try names(in: "\(mesh.folder.path)/out") == ["back", "keep"])
                // When nothing was cut off, everything is written anew.
                #expect(try await run(get, writer).bytesResumed == 0)
            }
        }

        // MARK: - Steps

        private func run(_ arguments: [String], _ node: TestNode, input: String? = nil) async throws -> Moved {
            let outcome = try await Holdfast.run(
                arguments + ["--json", "--data", node.data],
                input: input,
                in: node.folder
            )
            try #require(outcome.exitCode == 0, "\(outcome.errors)")
            return try JSONDecoder().decode(Moved.self, from: Data(try #require(outcome.output.last).utf8))
        }

        /// Begins a command and kills its node once another one holds so many bytes of pieces.
        private func cutOff(
            _ arguments: [String],
            input: String? = nil,
            in mesh: TestMesh,
            whenHeld bytes: Int
        ) async throws {
            try await cutOff(arguments, input: input, in: mesh) { mesh.nodes[1].pieceDiskBytes > bytes }
        }

        /// - Returns: The part of the target that was left.
        private func cutOff(
            _ arguments: [String],
            in mesh: TestMesh,
            whenWritten bytes: Int,
            beside target: String
        ) async throws -> String {
            let folder = URL(filePath: target).deletingLastPathComponent().path
            try await cutOff(arguments, in: mesh) { written(in: folder, onlyParts: true) > bytes }
            let parts = try names(in: folder).filter { $0.hasSuffix(".holdfast-part") }
            return folder + "/" + (try #require(parts.count == 1 ? parts.first : nil, "\(parts)"))
        }

        private func cutOff(
            _ arguments: [String],
            input: String? = nil,
            in mesh: TestMesh,
            when isTime: () -> Bool
        ) async throws {
            let writer = mesh.nodes[0]
            let command = try ChildProcess(
                Holdfast.path,
                arguments + ["--data", writer.data],
                input: input,
                output: mesh.folder.path + "/cut.out",
                errors: mesh.folder.path + "/cut.err"
            )
            defer { command.kill() }
            try await eventually("it is in the middle", seen: { Holdfast.text(mesh.folder.path + "/cut.err") }) {
                isTime()
            }
            writer.kill()
            #expect(try await command.end() != 0, "it was cut off before its end")
            try await writer.start()
            try await mesh.settle(mesh.nodes)
        }

        private func expectEmpty(_ mesh: TestMesh, after name: String) async throws {
            _ = try await mesh.nodes[0].output("rm", "-r", name)
            for node in mesh.nodes {
                var seen = 0
                try await eventually("node \(node.index) frees its pieces", seen: { "\(seen) bytes" }) {
                    seen = node.pieceDiskBytes
                    return seen < Self.emptyBytesMax
                }
            }
        }

        private func spoil(_ path: String, at offset: Int) throws {
            let file = try FileHandle(forUpdating: URL(filePath: path))
            defer { try? file.close() }
            try file.seek(toOffset: UInt64(offset))
            let byte = try #require(try file.read(upToCount: 1)?.first)
            try file.seek(toOffset: UInt64(offset))
            try file.write(contentsOf: Data([byte ^ 1]))
        }

        private func names(in folder: String) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        }

        private func files(in folder: String) throws -> [String] {
            try FileManager.default.subpathsOfDirectory(atPath: folder).filter { path in
                var status = stat()
                return lstat(folder + "/" + path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
            }
        }

        private func written(in folder: String, onlyParts: Bool = false) -> Int {
            let paths = (try? files(in: folder)) ?? []
            return paths.reduce(0) { sum, path in
                var status = stat()
                guard !onlyParts || path.hasSuffix(".holdfast-part"), lstat(folder + "/" + path, &status) == 0 else {
                    return sum
                }
                return sum + Int(status.st_size)
            }
        }
    }
}
