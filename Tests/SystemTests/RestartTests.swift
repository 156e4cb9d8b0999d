import Glibc
import Testing

extension SystemTests {
    struct Restart {
        @Test func node_killedAndStartedAgain_servesAndFindsItsMeshWithoutTheInvitingNode() async throws {
            try await withMesh(nodes: 3) { mesh in
                let site = SampleSite(seed: 3, largeFileBytes: 100_000)
                let path = try site.write(to: mesh.folder, "site")
                let published = try await mesh.nodes[1].publish(path)
                let before = try await mesh.nodes[1].status()

                mesh.nodes[0].kill()
                mesh.nodes[1].kill()
                try await mesh.nodes[1].start()

                let after = try await mesh.nodes[1].status()
                #expect(after.node == before.node)
                #expect(after.operator == before.operator)
                #expect(after.members.known == 3)
                try await mesh.settle([mesh.nodes[1], mesh.nodes[2]])
                let answer = try await mesh.nodes[1].get("/ipns/\(published.name)/large.bin")
                #expect(answer.body == site.files["large.bin"])
                let names = try await mesh.nodes[1].names()
                #expect(names.map(\.root) == [published.root])
                #expect(names.map(\.copiesLive) == [2], "its own copy and that of the node that lived on")
            }
        }

        @Test(arguments: [SIGKILL, SIGTERM])
        func publisher_stoppedRightAfterPublish_countsItsOwnCopyAgain(signal: Int32) async throws {
            try await withMesh(nodes: 1) { mesh in
                let node = mesh.nodes[0]
                let path = try SampleSite(seed: 19, largeFileBytes: 100_000).write(to: mesh.folder, "site")
                let published = try await node.publish(path)
                #expect(published.copiesPlaced == 1)
                _ = try await node.stop(signal)
                try await node.start()
                #expect(try await node.names().map(\.copiesLive) == [1])
                _ = try await node.output("unpublish", "site")
                try await eventually("the space is free") { try await node.status().storage.used == 0 }
            }
        }

        @Test func node_killedAndStartedWithItsInvite_servesAgain() async throws {
            try await withMesh(nodes: 2) { mesh in
                let invite = try await mesh.nodes[0].invite()
                mesh.nodes[1].kill()
                try await mesh.nodes[1].start(join: invite)
                try await mesh.settle(mesh.nodes)
            }
        }

        @Test(arguments: [SIGTERM, SIGINT])
        func node_askedToStop_endsWithSuccess(signal: Int32) async throws {
            try await withMesh(nodes: 2) { mesh in
                #expect(try await mesh.nodes[1].stop(signal) == 0)
                #expect(try await mesh.nodes[1].run("status").exitCode == 3)
                try await mesh.nodes[1].start()
                try await mesh.settle(mesh.nodes)
            }
        }
    }
}
