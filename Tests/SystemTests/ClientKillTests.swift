import Foundation
import Glibc
import Testing

extension SystemTests {
    /// `kill -9` of the node from which something is stored or removed, at every phase.
    struct ClientKill {
        /// When the client's node is killed.
        private enum Moment: Sendable {
            /// Counted from the start of the command.
            case after(Duration)
            /// Counted from when the others hold so many thousandths of what they shall.
            case filled(Int, plus: Duration)
            /// The others hold all of the content and stand still: the name cannot be written.
            case unnamed
        }

        private static let objectBytes = 12_000_000
        private static let nodes = 6
        private static let putMoments: [Moment] = [
            .after(.zero), .after(.milliseconds(8)), .after(.milliseconds(16)),
            .filled(1, plus: .zero), .filled(300, plus: .zero), .filled(600, plus: .zero), .filled(900, plus: .zero),
            .unnamed,
            .filled(990, plus: .milliseconds(2)), .filled(990, plus: .milliseconds(6)),
            .filled(990, plus: .milliseconds(12)), .filled(990, plus: .milliseconds(25)),
            .filled(990, plus: .milliseconds(50)),
        ]
        private static let removalDelays = stride(from: 5, through: 65, by: 5).map { Duration.milliseconds($0) }

        @Test func client_killedAtEveryPhaseOfPut_keepsWhatWasAcknowledgedAndLeavesNothingElse() async throws {
            try await withMesh(nodes: Self.nodes, options: Objects.options) { mesh in
                let writer = mesh.nodes[0]
                var kept = ["kept": SampleSite.bytes(300_000, seed: 30)]
                var cutCount = 0
                try await writer.put(kept["kept"] ?? [], as: "kept")
                for (number, moment) in Self.putMoments.enumerated() {
                    let name = "object-\(number)"
                    let bytes = SampleSite.bytes(Self.objectBytes, seed: UInt64(100 + number))
                    try mesh.folder.write(name, bytes)
                    let acknowledged = try await kill(mesh, at: moment, ["put", "\(mesh.folder.path)/\(name)"])
                    try await writer.start()
                    try await mesh.settle(mesh.nodes)
                    let names = try await writer.output("ls")
                    if names.contains(name) { kept[name] = bytes }
                    #expect(!acknowledged || names.contains(name), "\(moment)")
                    #expect(names == kept.keys.sorted(), "\(moment)")
                    guard kept[name] == nil else { continue }
                    // What it left is kept for it for a day, and goes when it has ended.
                    cutCount += 1
                    _ = try await writer.output("put", "\(mesh.folder.path)/\(name)")
                    kept[name] = bytes
                }
                #expect(cutCount > 0, "nothing was killed in time")
                for (name, bytes) in kept { #expect(try await writer.gives(bytes, as: name), "\(name)") }
                try await expectNothingLeft(mesh, after: kept.keys.sorted())
            }
        }

        @Test func client_killedAtEveryPhaseOfRemove_leavesEachNameWholeOrGone() async throws {
            try await withMesh(nodes: Self.nodes, options: Objects.options) { mesh in
                let writer = mesh.nodes[0]
                let bytes = SampleSite.bytes(2_000_000, seed: 31)
                let all = Self.removalDelays.indices.map { "object-\($0 + 10)" }
                for name in all { try await writer.put(bytes, as: name) }
                var left = Set(all)
                for (name, delay) in zip(all, Self.removalDelays) {
                    let acknowledged = try await kill(mesh, at: .after(delay), ["rm", name])
                    try await writer.start()
                    try await mesh.settle(mesh.nodes)
                    let names = try await writer.output("ls")
                    if !names.contains(name) { left.remove(name) }
                    #expect(!acknowledged || !names.contains(name), "\(delay)")
                    #expect(Set(names) == left, "\(delay)")
                }
                for name in left.sorted() { #expect(try await writer.gives(bytes, as: name), "\(name)") }
                try await expectNothingLeft(mesh, after: left.sorted())
            }
        }

        /// Runs a command and kills its node.
        ///
        /// - Returns: Whether the command said that it was done.
        private func kill(_ mesh: TestMesh, at moment: Moment, _ arguments: [String]) async throws -> Bool {
            let (writer, others) = (mesh.nodes[0], Array(mesh.nodes.dropFirst()))
            let before = others.reduce(0) { $0 + $1.pieceDiskBytes }
            // Two of six pieces rebuild it, and five lie with others.
            let wanted = Self.objectBytes / 2 * others.count
            let command = try ChildProcess(
                Holdfast.path,
                arguments + ["--data", writer.data],
                output: mesh.folder.path + "/command.out",
                errors: mesh.folder.path + "/command.err"
            )
            defer { command.kill() }
            let isFilled = { (thousandths: Int) in
                let seen = others.reduce(0) { $0 + $1.pieceDiskBytes } - before
                return seen >= wanted / 1_000 * thousandths || command.status != nil
            }
            switch moment {
            case .after(let delay): try await Task.sleep(for: delay)
            case .filled(let thousandths, let delay):
                try await eventually("pieces arrive", every: promptly) { isFilled(thousandths) }
                try await Task.sleep(for: delay)
            case .unnamed:
                try await eventually("pieces arrive", every: promptly) { isFilled(960) }
                for node in others { node.signal(SIGSTOP) }
                try await Task.sleep(for: .milliseconds(100))
            }
            writer.kill()
            for node in others { node.signal(SIGCONT) }
            return try await command.end() == 0
        }

        /// Removes what is left; what takes space then is of an operation that was cut off.
        private func expectNothingLeft(_ mesh: TestMesh, after names: [String]) async throws {
            for name in names { _ = try await mesh.nodes[0].output("rm", name) }
            // What a put begins with also clears away what others left.
            try await mesh.nodes[0].put([1], as: "last")
            try await mesh.expectFreed()
        }
    }
}
