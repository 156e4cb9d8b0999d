import Glibc
import Testing

extension SystemTests {
    struct Crash {
        /// When the publisher is killed, counted from the start of the command.
        enum Moment: Sendable {
            case after(Duration)
            case whenBlocksLieHere
            /// One copy is made; the other cannot be, because its node stands still.
            case betweenCopies
        }

        private static let moments: [Moment] = [
            .after(.milliseconds(15)), .whenBlocksLieHere, .betweenCopies, .after(.milliseconds(150)),
        ]

        @Test func publisher_killedDuringPublish_keepsWhatWasAcknowledgedAndLeavesNoResidue() async throws {
            try await withMesh(nodes: 3, options: ["--repair-delay", "1s", "--probe-interval", "200ms"]) { mesh in
                let publisher = mesh.nodes[0]
                let kept = SampleSite(seed: 4, largeFileBytes: 300_000)
                let keptName = try await publisher.publish(try kept.write(to: mesh.folder, "kept")).name
                // What is used from here on is its copies and its floor.
                try await eventually("the floor of what stays is stored") {
                    try await publisher.names().first?.floor == "stored"
                }
                let blocks = try await blockSpace(mesh)
                let before = try await usedSpace(mesh)
                let site = SampleSite(seed: 5, largeFileBytes: 40_000_000)
                let path = try site.write(to: mesh.folder, "cut-off")
                for moment in Self.moments {
                    let acknowledged = try await publishAndKill(path, at: moment, in: mesh, blocksBefore: blocks)
                    try await publisher.start()
                    try await mesh.settle(mesh.nodes)
                    let labels = try await publisher.names().map(\.label).sorted()
                    #expect(labels.contains("kept"))
                    #expect(!acknowledged || labels.contains("cut-off"), "\(moment)")
                    // A record that was spread just before the end counts, acknowledged or not.
                    if labels.contains("cut-off") { _ = try await publisher.output("unpublish", "cut-off") }
                    try await expectSpace(before, in: mesh, after: moment)
                    let answer = try await mesh.nodes[2].get("/ipns/\(keptName)/large.bin")
                    #expect(answer.body == kept.files["large.bin"], "\(moment)")
                }
                let name = try await publisher.publish(path, "--name", "at last").name
                let answer = try await mesh.nodes[2].get("/ipns/\(name)/large.bin")
                #expect(answer.body == site.files["large.bin"])
            }
        }

        /// - Returns: whether the command said that the site is published.
        private func publishAndKill(
            _ path: String,
            at moment: Moment,
            in mesh: TestMesh,
            blocksBefore: [Int]
        ) async throws -> Bool {
            let publisher = mesh.nodes[0]
            if case .betweenCopies = moment { mesh.nodes[2].signal(SIGSTOP) }
            defer { mesh.nodes[2].signal(SIGCONT) }
            let command = try ChildProcess(
                Holdfast.path,
                ["publish", path, "--data", publisher.data],
                output: mesh.folder.path + "/command.out",
                errors: mesh.folder.path + "/command.err"
            )
            defer { command.kill() }
            switch moment {
            case .after(let delay):
                try await Task.sleep(for: delay)
            case .whenBlocksLieHere:
                try await eventually("blocks lie on the publisher") {
                    try await publisher.status().storage.blocks > blocksBefore[0]
                }
            case .betweenCopies:
                try await eventually("a copy lies on another node") {
                    try await mesh.nodes[1].status().storage.blocks > blocksBefore[1]
                }
            }
            publisher.kill()
            return try await command.end() == 0
        }

        private func usedSpace(_ mesh: TestMesh) async throws -> [Int] {
            var used: [Int] = []
            for node in mesh.nodes { used.append(try await node.status().storage.used) }
            return used
        }

        private func blockSpace(_ mesh: TestMesh) async throws -> [Int] {
            var blocks: [Int] = []
            for node in mesh.nodes { blocks.append(try await node.status().storage.blocks) }
            return blocks
        }

        private func expectSpace(_ wanted: [Int], in mesh: TestMesh, after moment: Moment) async throws {
            var seen: [Int] = []
            try await eventually("space \(wanted) is used again after \(moment)", seen: { "but \(seen)" }) {
                seen = try await usedSpace(mesh)
                return seen == wanted
            }
        }
    }
}
