import Testing

/// What holds of private objects whatever happened before.
extension TestMesh {
    /// Waits until every segment of an object has all of its pieces.
    func expectStrength(_ pieces: Int, of name: String, on node: TestNode) async throws {
        var seen = ""
        try await eventually("\(name) has \(pieces) pieces", seen: { seen }) {
            let stat = try await node.stat(name)
            seen = "\(stat.segments)"
            return !stat.segments.isEmpty
                && stat.segments.allSatisfy { $0.piecesLive == pieces && $0.piecesTarget == pieces }
        }
    }

    /// Waits until nothing but names and tombstones takes space; the accounts fit it.
    func expectFreed() async throws { try await expectSound(pieces: 0, of: 0) }

    /// Waits until these pieces take space and no others; the accounts fit them.
    func expectSound(pieces: Int, of bytes: Int) async throws {
        let wanted = pieces * bytes
        var seen: [Int] = []
        try await eventually("\(pieces) pieces of \(bytes) bytes take space", seen: { "but \(seen)" }) {
            seen = nodes.map(\.pieceDiskBytes)
            let sum = seen.reduce(0, +)
            return sum >= wanted && sum < wanted + nodes.count * Objects.emptyBytesMax
        }
        for node in nodes {
            let check = try await node.run("fsck", "--no-repair")
            #expect(check.exitCode == 0, "node \(node.index): \(check)")
        }
    }
}

private typealias Objects = SystemTests.Objects
