import Foundation
import TestFolders
import Testing

extension SystemTests {
    /// What time does to private objects; nodes are started in another time instead of waiting for it.
    struct Leases {
        private static let day = 86_400_000
        private static let year = 365

        /// Days from now until what an object's holders say of its lease.
        private func daysKept(_ name: String, on node: TestNode) async throws -> Int {
            let now = Int(Date().timeIntervalSince1970 * 1_000)
            return (try await node.stat(name).leaseEndMilliseconds - now) / Self.day
        }

        /// Stops all, and starts those that are given in another time.
        private func restart(_ mesh: TestMesh, _ nodes: [TestNode], daysAhead: Int) async throws {
            for node in mesh.nodes { _ = try await node.stop() }
            for node in nodes { try node.launch(daysAhead: daysAhead) }
            for node in nodes { try await node.ready() }
            for node in nodes {
                var seen = ""
                try await eventually("node \(node.index) knows the others", seen: { seen }) {
                    let status = try await node.status()
                    seen = "\(status.members)"
                    return status.members.alive == nodes.count
                }
            }
        }

        private func expectStrength(_ pieces: Int, of name: String, on node: TestNode) async throws {
            var seen = ""
            try await eventually("\(name) has \(pieces) pieces", seen: { seen }) {
                let stat = try await node.stat(name)
                seen = "\(stat.segments)"
                return !stat.segments.isEmpty && stat.segments.allSatisfy { $0.piecesLive == pieces }
            }
        }

        @Test func segment_whoseRecordHasEnded_isRenewedByItsOwnerAndRepairedByItsHolders() async throws {
            try await withMesh(nodes: 6, options: Objects.options) { mesh in
                let writer = mesh.nodes[0]
                let bytes = SampleSite.bytes(3_000_000, seed: 31)
                try await writer.put(bytes, as: "kept")
                try await expectStrength(6, of: "kept", on: writer)
                let first = try await daysKept("kept", on: writer)
                try #require((80...95).contains(first))

                // Thirty days before the end the owner's node renews.
                try await restart(mesh, mesh.nodes, daysAhead: 65)
                var days = first
                try await eventually("the lease is renewed", seen: { "\(days) days: \(writer.log)" }) {
                    days = try await daysKept("kept", on: writer)
                    return days > 140
                }

                // The record has ended, the owner is away, and a machine is lost: the holders repair on a new one.
                let holders = Array(mesh.nodes[1...4])
                try await restart(mesh, holders, daysAhead: 100)
                let fresh = try (6...7).map { try TestNode($0, in: mesh.folder, options: Objects.options) }
                defer { for node in fresh { node.kill() } }
                for node in fresh { try await node.start(join: try await holders[0].invite(), daysAhead: 100) }
                for node in fresh {
                    var held = 0
                    try await eventually("node \(node.index) holds a piece", seen: { "\(held) bytes: \(node.log)" }) {
                        held = node.pieceDiskBytes
                        return held > 1_000_000
                    }
                }
                // The owner comes back, half of the holders go: what was made anew counts.
                try await writer.start(daysAhead: 100)
                try await expectStrength(6, of: "kept", on: writer)
                for node in holders.prefix(2) { node.kill() }
                #expect(try await writer.gives(bytes, as: "kept"))
            }
        }

        @Test(arguments: [1, -1])
        func node_whoseClockIsAYearOff_putsGetsHoldsAndIsRepaired(years: Int) async throws {
            try await withTemporaryFolder { folder in
                let nodes = try (0..<6).map { try TestNode($0, in: folder, options: Objects.options) }
                defer { for node in nodes { node.kill() } }
                let mesh = TestMesh(folder: folder, nodes: nodes)
                try await nodes[0].start()
                let invite = try await nodes[0].invite()
                for node in nodes.dropFirst().dropLast() { try await node.start(join: invite) }
                let odd = nodes[5]
                try await odd.start(join: invite, daysAhead: years * Self.year)
                try await mesh.settle(nodes)

                let bytes = SampleSite.bytes(3_000_000, seed: 32)
                try await odd.put(bytes, as: "by the odd one")
                #expect(try await odd.gives(bytes, as: "by the odd one"))
                #expect((80...95).contains(try await daysKept("by the odd one", on: odd)))
                try await expectStrength(6, of: "by the odd one", on: odd)
                let other = SampleSite.bytes(3_000_000, seed: 33)
                try await nodes[0].put(other, as: "with the odd one")
                try await expectStrength(6, of: "with the odd one", on: nodes[0])

                // It keeps what it holds and knows it after a restart, when it has asked nobody yet.
                _ = try await odd.stop()
                try await odd.start(daysAhead: years * Self.year)
                try await mesh.settle(nodes)
                try await expectStrength(6, of: "with the odd one", on: nodes[0])
                #expect(odd.pieceDiskBytes > 1_000_000)
                #expect(try await odd.gives(bytes, as: "by the odd one"))
                for node in nodes[1...2] { node.kill() }
                #expect(try await odd.gives(bytes, as: "by the odd one"))
                #expect(try await nodes[0].gives(other, as: "with the odd one"))
            }
        }
    }
}
