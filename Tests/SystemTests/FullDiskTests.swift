import Glibc
import TestFolders
import Testing

extension SystemTests {
    /// Needs the right to mount a small file system; does nothing for others.
    struct FullDisk {
        private static let diskBytes = 24 << 20

        static var mayMount: Bool {
            guard geteuid() == 0, let folder = try? TemporaryFolder() else { return false }
            defer { withExtendedLifetime(folder) {} }
            guard mount("none", folder.path, "tmpfs", 0, "size=65536") == 0 else { return false }
            return umount2(folder.path, Int32(MNT_DETACH)) == 0
        }

        @Test(.enabled(if: mayMount, "mounting is not allowed here"))
        func publish_onFullDisk_failsWithoutResidueAndTheNodeLivesOn() async throws {
            try await withTemporaryFolder { folder in
                try folder.write("disk/.keep", [])
                let disk = folder.path + "/disk"
                try #require(mount("none", disk, "tmpfs", 0, "size=\(Self.diskBytes)") == 0)
                defer { umount2(disk, Int32(MNT_DETACH)) }
                let node = try TestNode(0, in: folder, data: disk + "/data", options: ["--storage", "10GB"])
                defer { node.kill() }
                try await node.start()
                let small = SampleSite(seed: 16, largeFileBytes: 500_000)
                let kept = try await node.publish(try small.write(to: folder, "small"))
                let used = try await node.status().storage.used

                let large = SampleSite(seed: 17, largeFileBytes: 60_000_000)
                let outcome = try await node.run("publish", try large.write(to: folder, "large"))
                #expect(outcome.exitCode == 8, "\(outcome.errors)")
                #expect(outcome.output.isEmpty)
                #expect(outcome.errorLines.count == 1)
                #expect(try await node.names().map(\.root) == [kept.root])
                try await eventually("the space is free again") { try await node.status().storage.used == used }

                let answer = try await node.get("/ipns/\(kept.name)/large.bin")
                #expect(answer.body == small.files["large.bin"])
                let more = SampleSite(seed: 18, largeFileBytes: 500_000)
                let again = try await node.publish(try more.write(to: folder, "more"))
                #expect(try await node.get("/ipfs/\(again.root)/large.bin").body == more.files["large.bin"])
            }
        }

        @Test(.enabled(if: mayMount, "mounting is not allowed here"))
        func gateway_onFullDisk_servesWhatItCannotKeep() async throws {
            try await withTemporaryFolder { folder in
                try folder.write("disk/.keep", [])
                let disk = folder.path + "/disk"
                try #require(mount("none", disk, "tmpfs", 0, "size=\(Self.diskBytes)") == 0)
                defer { umount2(disk, Int32(MNT_DETACH)) }
                let holder = try TestNode(0, in: folder)
                let full = try TestNode(1, in: folder, data: disk + "/data", options: ["--storage", "10GB"])
                defer { for node in [holder, full] { node.kill() } }
                try await holder.start()
                try await full.start(join: try await holder.invite())
                try Self.fill(disk)
                let site = SampleSite(seed: 19, largeFileBytes: 5_000_000)
                let name = try await holder.publish(try site.write(to: folder, "site"), "--copies", "1").name
                try await eventually("the name reaches the other node") {
                    try await full.get("/ipns/\(name)/index.html").status == 200
                }
                for (path, bytes) in site.files.sorted(by: { $0.key < $1.key }) {
                    let answer = try await full.get("/ipns/\(name)/\(SampleSite.url(path))")
                    #expect(answer.status == 200 && answer.body == bytes, "\(path): \(answer.status)")
                }
                #expect(full.isRunning)
            }
        }

        /// Leaves not a byte.
        private static func fill(_ disk: String) throws {
            let descriptor = open(disk + "/filler", O_WRONLY | O_CREAT, 0o600)
            try #require(descriptor >= 0)
            defer { close(descriptor) }
            let chunk = [UInt8](repeating: 1, count: 65_536)
            for count in [chunk.count, 1] { while write(descriptor, chunk, count) > 0 {} }
        }
    }
}
