import Testing

extension SystemTests {
    /// Two devices that write the same name while one of them is killed.
    struct DeviceKill {
        private static let objectBytes = 2_000_000
        private static let delays = [10, 25, 40, 55, 70, 90, 120].map { Duration.milliseconds($0) }

        @Test func device_killedWhileBothWriteTheSameName_losesNothingThatWasAcknowledged() async throws {
            try await withMesh(nodes: 4, options: Objects.options) { mesh in
                let (first, second) = (mesh.nodes[0], mesh.nodes[1])
                try await first.put(SampleSite.bytes(Self.objectBytes, seed: 40), as: "same")
                let invite = try #require(try await first.output("key", "add-device", "laptop").first)
                _ = try await second.output("key", "add-device", "--accept", invite)
                for (round, delay) in Self.delays.enumerated() {
                    let mine = SampleSite.bytes(Self.objectBytes + round, seed: UInt64(400 + round))
                    let yours = SampleSite.bytes(Self.objectBytes - 1 - round, seed: UInt64(500 + round))
                    try mesh.folder.write("yours", yours)
                    let command = try ChildProcess(
                        Holdfast.path,
                        ["put", "\(mesh.folder.path)/yours", "--name", "same", "--data", second.data],
                        output: mesh.folder.path + "/command.out",
                        errors: mesh.folder.path + "/command.err"
                    )
                    defer { command.kill() }
                    async let stored: Void = first.put(mine, as: "same")
                    try await Task.sleep(for: delay)
                    second.kill()
                    try await stored
                    _ = try await command.end()
                    try await second.start()
                    try await mesh.settle(mesh.nodes)
                    try await expectAgreed(first, second, mine, yours, "\(delay)")
                }
                // The last word is one that nobody doubts.
                try await second.put([1], as: "same")
                #expect(try await first.gives([1], as: "same"))
                #expect(try await first.stat("same").conflicts == [])
                _ = try await first.output("rm", "same")
                try await eventually("both know that it is gone") {
                    let names = (try await first.output("ls"), try await second.output("ls"))
                    return names == ([], [])
                }
                try await first.put([1], as: "last")
                try await second.put([2], as: "last")
                try await mesh.expectFreed()
            }
        }

        /// What both devices read, which is whole; the first one's was acknowledged.
        private func expectAgreed(
            _ first: TestNode,
            _ second: TestNode,
            _ mine: [UInt8],
            _ yours: [UInt8],
            _ replay: Comment
        ) async throws {
            var found: [UInt8] = []
            var seen = ""
            try await eventually("both read the same after \(replay)", seen: { seen }) {
                let other = try await second.read("same")
                found = try await first.read("same")
                seen = "\(found.count) and \(other.count) bytes"
                return found == other
            }
            let (isMine, isYours) = (found == mine, found == yours)
            #expect(isMine || isYours, "\(replay): \(found.count) bytes are neither's")
            // What lost though it was acknowledged is named, unless the other one wrote knowing it.
            let conflicts = try await first.stat("same").conflicts
            #expect(conflicts.allSatisfy { $0.contains("\(yours.count)") || $0.contains("\(mine.count)") }, replay)
        }
    }
}
