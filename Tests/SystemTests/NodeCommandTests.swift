import Foundation
import TestFolders
import Testing

extension SystemTests {
    /// What a command says and which exit code it ends with when the node or the mesh is not as it should be.
    struct NodeCommands {
        @Test(arguments: [["status"], ["invite"], ["name", "ls"], ["publish", "."], ["unpublish", "x"]])
        func command_withoutNode_saysSoAndEndsWithThree(command: [String]) async throws {
            try await withTemporaryFolder { folder in
                let outcome = try await Holdfast.run(command + ["--data", "\(folder.path)/none"], in: folder)
                #expect(outcome.exitCode == 3)
                #expect(outcome.output.isEmpty)
                #expect(outcome.errorLines.count == 1)
                #expect(outcome.errors.contains("no node runs"))
            }
        }

        @Test func status_asJSON_hasWhatScriptsNeed() async throws {
            try await withMesh(nodes: 1) { mesh in
                let status = try await mesh.nodes[0].status()
                #expect(status.node.hasPrefix("k51"))
                #expect(status.operator.hasPrefix("k51"))
                #expect(status.members.alive == 1)
                #expect(status.members.known == 1)
                #expect(status.copies.live == 0)
                #expect(status.copies.target == 0)
                #expect(try await mesh.nodes[0].names().isEmpty)
            }
        }

        @Test func command_withWrongToken_isRefused() async throws {
            try await withMesh(nodes: 1) { mesh in
                let path = mesh.nodes[0].data + "/control.token"
                let token = Holdfast.text(path)
                try Data(String(token.reversed().filter { $0 != "\n" }).utf8).write(to: URL(filePath: path))
                let outcome = try await mesh.nodes[0].run("status")
                #expect(outcome.exitCode == 6)
                #expect(outcome.errorLines.count == 1)
                try Data(token.utf8).write(to: URL(filePath: path))
                #expect(try await mesh.nodes[0].run("status").exitCode == 0)
            }
        }

        @Test(arguments: ["--listen", "--gateway", "--control"])
        func node_onTakenPort_namesIt(option: String) async throws {
            try await withMesh(nodes: 1) { mesh in
                let taken = mesh.nodes[0].gateway
                let other = try TestNode(1, in: mesh.folder, options: [option, "\(taken)"])
                let outcome = try await Holdfast.run(other.arguments, in: mesh.folder)
                #expect(outcome.exitCode == 7)
                #expect(outcome.errors.contains("\(taken.port)"))
                #expect(outcome.output.isEmpty)
                #expect(try await mesh.nodes[0].run("status").exitCode == 0)
            }
        }

        @Test func secondNode_onSameDataFolder_isRefused() async throws {
            try await withMesh(nodes: 1) { mesh in
                let other = try TestNode(1, in: mesh.folder, data: mesh.nodes[0].data)
                let outcome = try await Holdfast.run(other.arguments, in: mesh.folder)
                #expect(outcome.exitCode == 7)
                #expect(outcome.errors.contains(mesh.nodes[0].data))
                #expect(try await mesh.nodes[0].run("status").exitCode == 0)
            }
        }

        @Test(arguments: ["nonsense", "holdfast-", "holdfast-uvsg433emvmc"])
        func invite_thatIsNone_isUsage(invite: String) async throws {
            try await withTemporaryFolder { folder in
                let node = try TestNode(0, in: folder)
                let outcome = try await Holdfast.run(node.arguments + ["--join", invite], in: folder)
                #expect(outcome.exitCode == 2)
                #expect(outcome.errorLines.count == 1)
            }
        }

        @Test func invite_withOneCharacterChanged_admitsNobody() async throws {
            try await withMesh(nodes: 1) { mesh in
                var invite = Array(try await mesh.nodes[0].invite())
                let index = invite.count / 2
                invite[index] = invite[index] == "a" ? "b" : "a"
                let node = try TestNode(1, in: mesh.folder)
                let outcome = try await Holdfast.run(node.arguments + ["--join", String(invite)], in: mesh.folder)
                #expect([2, 11].contains(outcome.exitCode), "\(outcome.exitCode) \(outcome.errors)")
                #expect(try await mesh.nodes[0].status().members.known == 1)
            }
        }

        @Test func invite_forOneOperator_refusesTheSecond() async throws {
            try await withMesh(nodes: 1) { mesh in
                let invite = try await mesh.nodes[0].invite("--once")
                let first = try TestNode(1, in: mesh.folder)
                let second = try TestNode(2, in: mesh.folder)
                defer { for node in [first, second] { node.kill() } }
                try await first.start(join: invite)
                try await mesh.settle([mesh.nodes[0], first])
                let outcome = try await Holdfast.run(second.arguments + ["--join", invite], in: mesh.folder)
                #expect(outcome.exitCode == 11)
                #expect(outcome.errors.contains("used already"))
                #expect(try await mesh.nodes[0].status().members.known == 2)

                // The operator that used it comes back with the same command line.
                first.kill()
                try await first.start(join: invite)
                try await mesh.settle([mesh.nodes[0], first])
            }
        }

        @Test func invite_thatExpired_isRefused() async throws {
            try await withMesh(nodes: 1) { mesh in
                let invite = try await mesh.nodes[0].invite("--expires", "1s")
                let node = try TestNode(1, in: mesh.folder)
                defer { node.kill() }
                try await Task.sleep(for: .milliseconds(1_100))
                let outcome = try await Holdfast.run(node.arguments + ["--join", invite], in: mesh.folder)
                #expect(outcome.exitCode == 11)
                #expect(outcome.errors.contains("expired"))
                #expect(try await mesh.nodes[0].status().members.known == 1)
            }
        }
    }
}
