import Foundation
import Glibc
import TestFolders
import Testing

extension SystemTests {
    /// What commands do with folders and archives, good and bad.
    struct ContentCommands {
        @Test func add_ofFolder_givesTheRootThatPublishGives() async throws {
            try await withMesh(nodes: 1) { mesh in
                let path = try SampleSite(seed: 7).write(to: mesh.folder, "site")
                let before = try await mesh.nodes[0].status().storage.used
                let added = try await Holdfast.run(
                    ["add", path, "--data", "\(mesh.folder.path)/none"],
                    in: mesh.folder
                )
                #expect(added.exitCode == 0)
                #expect(try await mesh.nodes[0].status().storage.used == before)
                let published = try await mesh.nodes[0].output("publish", path, "--name", "other")
                #expect(added.output == [published[1]])
                #expect(try await mesh.nodes[0].names().map(\.label) == ["other"])
            }
        }

        @Test func archive_exportedAndImportedElsewhere_keepsItsRoot() async throws {
            try await withMesh(nodes: 1) { mesh in
                let site = SampleSite(seed: 8)
                let published = try await mesh.nodes[0].publish(try site.write(to: mesh.folder, "site"))
                let archive = mesh.folder.path + "/site.car"
                #expect(try await mesh.nodes[0].output("export", published.root, "-o", archive) == [archive])

                let stranger = try TestNode(1, in: mesh.folder)
                defer { stranger.kill() }
                try await stranger.start()
                #expect(try await stranger.output("import", archive) == [published.root])
                let answer = try await stranger.get("/ipfs/\(published.root)/large.bin")
                #expect(answer.body == site.files["large.bin"])
            }
        }

        enum Damage: String, CaseIterable, Sendable {
            case flipped, cut, headerless, empty

            func apply(to bytes: [UInt8]) -> [UInt8] {
                var bytes = bytes
                switch self {
                case .flipped: bytes[bytes.count / 2] ^= 1
                case .cut: bytes.removeLast(bytes.count / 3)
                case .headerless: bytes.removeFirst(20)
                case .empty: bytes = []
                }
                return bytes
            }
        }

        @Test func archive_damaged_isRefusedAndNothingIsStored() async throws {
            try await withMesh(nodes: 1) { mesh in
                let published = try await mesh.nodes[0].publish(try SampleSite(seed: 9).write(to: mesh.folder, "site"))
                let archive = mesh.folder.path + "/site.car"
                _ = try await mesh.nodes[0].output("export", published.root, "-o", archive)
                let whole = try mesh.folder.read("site.car")
                let stranger = try TestNode(1, in: mesh.folder)
                defer { stranger.kill() }
                try await stranger.start()
                for damage in Damage.allCases {
                    try mesh.folder.write("\(damage).car", damage.apply(to: whole))
                    let outcome = try await stranger.run("import", "\(mesh.folder.path)/\(damage).car")
                    #expect(outcome.exitCode == 4, "\(damage): \(outcome.errors)")
                    #expect(outcome.output.isEmpty)
                    #expect(outcome.errorLines.count == 1, "\(damage): \(outcome.errors)")
                    let status = try await stranger.status()
                    #expect(status.storage.used == 0, "\(damage)")
                }
            }
        }

        @Test func folder_withWhatCannotBePublished_isRefusedByPathOrLeftOut() async throws {
            try await withMesh(nodes: 1) { mesh in
                let node = mesh.nodes[0]
                let path = try SampleSite(seed: 10, largeFileBytes: 1_000).write(to: mesh.folder, "site")
                let clean = try await node.output("add", path)[0]
                let oddities: [(name: [UInt8], shown: String, make: (String) -> Int32)] = [
                    (Array("deep/pipe".utf8), "deep/pipe", { mkfifo($0, 0o600) }),
                    (Array("deep/sock".utf8), "deep/sock", { mknod($0, S_IFSOCK | 0o600, 0) }),
                ]
                for oddity in oddities {
                    let place = "\(path)/\(oddity.shown)"
                    try #require(oddity.make(place) == 0)
                    defer { unlink(place) }
                    try await expectRefusal(naming: oddity.shown, of: path, without: clean, on: node)
                }
                var name = Array("\(path)/deep/bad-".utf8CString)
                name.replaceSubrange((name.count - 1)..., with: [CChar(bitPattern: 0xFF), CChar(bitPattern: 0xFE), 0])
                let descriptor = open(name, O_CREAT | O_WRONLY, 0o600)
                try #require(descriptor >= 0)
                close(descriptor)
                try await expectRefusal(naming: "deep/bad-", of: path, without: clean, on: node)
                #expect(try await node.names().map(\.root) == [clean])
            }
        }

        private func expectRefusal(
            naming oddity: String,
            of path: String,
            without clean: String,
            on node: TestNode
        ) async throws {
            for command in ["publish", "add"] {
                let names = try await node.names().count
                let refused = try await node.run(command, path)
                #expect(refused.exitCode == 4, "\(command): \(refused.errors)")
                #expect(refused.output.isEmpty)
                #expect(refused.errorLines.count == 1)
                #expect(refused.errors.contains(oddity))
                #expect(try await node.names().count == names)
                let skipped = try await node.run(command, path, "--skip-unreadable")
                #expect(skipped.exitCode == 0)
                #expect(skipped.output.contains(clean), "\(command): the root without what was left out")
                #expect(skipped.errors.contains(oddity))
            }
        }

        @Test func folder_withDanglingLink_keepsItAsLink() async throws {
            try await withMesh(nodes: 1) { mesh in
                let path = try SampleSite(seed: 11, largeFileBytes: 1_000).write(to: mesh.folder, "site")
                try #require(symlink("nowhere/at all", path + "/link") == 0)
                let published = try await mesh.nodes[0].publish(path)
                let answer = try await mesh.nodes[0].get("/ipfs/\(published.root)/link")
                #expect(answer.body == Array("nowhere/at all".utf8))
                #expect(answer.headers["content-type"] == "inode/symlink")
            }
        }

        @Test func folder_withHiddenEntries_countsThemAndHintsAtWellKnown() async throws {
            try await withTemporaryFolder { folder in
                try folder.write("site/index.html", Array("x".utf8))
                let plain = try await Holdfast.run(["add", folder.path + "/site"], in: folder)
                try folder.write("site/.git/config", Array("x".utf8))
                try folder.write("site/.well-known/security.txt", Array("x".utf8))
                let hinted = try await Holdfast.run(["add", folder.path + "/site"], in: folder)
                #expect(hinted.exitCode == 0)
                #expect(hinted.output == plain.output)
                #expect(hinted.errors.contains("2 hidden entries"))
                #expect(hinted.errors.contains(".well-known"))
                let all = try await Holdfast.run(["add", folder.path + "/site", "--hidden"], in: folder)
                #expect(all.output != plain.output)
                #expect(all.errors.isEmpty)
            }
        }

        @Test func path_thatDoesNotExist_isNotFound() async throws {
            try await withMesh(nodes: 1) { mesh in
                for command in [["publish", "/no/such"], ["add", "/no/such"], ["import", "/no/such.car"]] {
                    let outcome = try await Holdfast.run(command + ["--data", mesh.nodes[0].data], in: mesh.folder)
                    #expect(outcome.exitCode == 5, "\(command): \(outcome.errors)")
                    #expect(outcome.errors.contains("/no/such"))
                }
                #expect(try await mesh.nodes[0].run("unpublish", "nothing").exitCode == 5)
            }
        }
    }
}
