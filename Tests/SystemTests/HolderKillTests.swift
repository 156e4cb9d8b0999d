import Foundation
import Glibc
import Testing

extension SystemTests {
    /// `kill -9` of nodes that hold pieces, at every phase of storing, removing and repairing.
    struct HolderKill {
        private static let nodes = 6
        private static let objectBytes = 12_000_000
        /// Two of six pieces rebuild an object.
        private static let pieceBytes = objectBytes / 2
        /// How much of its piece a holder has when it is killed, in thousandths.
        private static let fillings = [1, 250, 500, 750, 950, 1_000]
        private static let delays = stride(from: 5, through: 45, by: 8).map { Duration.milliseconds($0) }

        @Test func holder_killedAtEveryPhaseOfPut_isMadeUpForAndLeavesNoHalfPiece() async throws {
            try await withMesh(nodes: Self.nodes, options: Objects.options) { mesh in
                let writer = mesh.nodes[0]
                var stored: [String: [UInt8]] = [:]
                for (number, filling) in Self.fillings.enumerated() {
                    let name = "object-\(number)"
                    let bytes = SampleSite.bytes(Self.objectBytes, seed: UInt64(300 + number))
                    try mesh.folder.write(name, bytes)
                    let victim = mesh.nodes[1 + number % (Self.nodes - 1)]
                    let before = victim.pieceDiskBytes
                    let command = try start(["put", "\(mesh.folder.path)/\(name)"], of: writer, in: mesh)
                    defer { command.kill() }
                    try await eventually("a piece arrives", every: promptly) {
                        victim.pieceDiskBytes - before >= Self.pieceBytes / 1_000 * filling || command.status != nil
                    }
                    victim.kill()
                    // Four of six are enough to say that it is stored.
                    let replay: Comment = "holder \(victim.index) killed at \(filling)"
                    #expect(try await command.end() == 0, replay)
                    #expect(try await writer.gives(bytes, as: name), replay)
                    try await victim.start()
                    try await mesh.settle(mesh.nodes)
                    stored[name] = bytes
                }
                for (name, bytes) in stored {
                    try await mesh.expectStrength(Self.nodes, of: name, on: writer)
                    #expect(try await writer.gives(bytes, as: name), "\(name)")
                }
                try await mesh.expectSound(pieces: Self.nodes * Self.fillings.count, of: Self.pieceBytes)
            }
        }

        @Test func holder_killedAtEveryPhaseOfRemove_givesNothingBack() async throws {
            try await withMesh(nodes: Self.nodes, options: Objects.options) { mesh in
                let writer = mesh.nodes[0]
                let all = Self.delays.indices.map { "object-\($0)" }
                for name in all { try await writer.put(SampleSite.bytes(2_000_000, seed: 32), as: name) }
                for (number, (name, delay)) in zip(all, Self.delays).enumerated() {
                    let victims = [1 + number % (Self.nodes - 1), 1 + (number + 1) % (Self.nodes - 1)]
                    let command = try start(["rm", name], of: writer, in: mesh)
                    defer { command.kill() }
                    try await Task.sleep(for: delay)
                    for index in victims { mesh.nodes[index].kill() }
                    #expect(try await command.end() == 0, "\(delay)")
                    #expect(try await !writer.output("ls").contains(name), "\(delay)")
                    for index in victims { try await mesh.nodes[index].start() }
                    try await mesh.settle(mesh.nodes)
                }
                #expect(try await writer.output("ls") == [])
                try await mesh.expectFreed()
            }
        }

        /// A repairer that is killed is waited for as long as its rate lets it take; without one, as long as the machine does.
        private static let unpaced = Objects.options + ["--repair-rate", "0"]

        @Test func node_killedAtEveryPhaseOfRepair_delaysItAndNoMore() async throws {
            try await withMesh(nodes: Self.nodes, options: Self.unpaced) { mesh in
                let writer = mesh.nodes[0]
                let bytes = SampleSite.bytes(60_000_000, seed: 33)
                let pieceBytes = bytes.count / 2
                try await writer.put(bytes, as: "object")
                try await mesh.expectStrength(Self.nodes, of: "object", on: writer)
                let fresh = try TestNode(Self.nodes, in: mesh.folder, options: Self.unpaced)
                defer { fresh.kill() }
                try await fresh.start(join: try await writer.invite())
                mesh.nodes[Self.nodes - 1].kill()
                // Whoever rebuilds, whoever is read from, and who receives.
                let victims = Array(mesh.nodes[0..<(Self.nodes - 1)]) + [fresh, fresh]
                for (number, victim) in victims.enumerated() {
                    let wanted = pieceBytes / (victims.count + 1) * (number + 1)
                    try await eventually("the piece is made again", every: promptly) {
                        fresh.pieceDiskBytes >= wanted
                    }
                    victim.kill()
                    try await victim.start()
                    try await mesh.settle(Array(mesh.nodes.dropLast()) + [fresh])
                }
                try await mesh.expectStrength(Self.nodes, of: "object", on: writer)
                let others = TestMesh(folder: mesh.folder, nodes: Array(mesh.nodes.dropLast()) + [fresh])
                try await others.expectSound(pieces: Self.nodes, of: pieceBytes)
                // What was made again is right: with the pieces of three gone it is needed.
                for node in mesh.nodes[1..<4] { node.kill() }
                #expect(try await writer.gives(bytes, as: "object"))
            }
        }

        private func start(_ arguments: [String], of node: TestNode, in mesh: TestMesh) throws -> ChildProcess {
            try ChildProcess(
                Holdfast.path,
                arguments + ["--data", node.data],
                output: mesh.folder.path + "/command.out",
                errors: mesh.folder.path + "/command.err"
            )
        }
    }
}
