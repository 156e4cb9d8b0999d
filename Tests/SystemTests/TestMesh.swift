import TestFolders

/// Real nodes of different operators in one mesh on this machine.
struct TestMesh: Sendable {
    let folder: TemporaryFolder
    let nodes: [TestNode]

    /// Starts the first node, lets the others join, and waits until all know all.
    func start() async throws {
        try await nodes[0].start()
        let invite = try await nodes[0].invite()
        for node in nodes.dropFirst() { try node.launch(join: invite) }
        for node in nodes.dropFirst() { try await node.ready() }
        try await settle(nodes)
    }

    /// Waits until each of `members` counts all of them, and nobody else, as alive.
    func settle(_ members: [TestNode]) async throws {
        for node in members {
            var seen = ""
            try await eventually("node \(node.index) knows \(members.count) nodes", seen: { seen }) {
                let status = try await node.status()
                seen = "\(status.members)"
                return status.members.alive == members.count
            }
        }
    }
}

/// Runs `body` with a mesh; its processes and its folder are gone afterwards, however it ends.
func withMesh<Value>(
    nodes count: Int,
    options: [String] = [],
    _ body: (TestMesh) async throws -> Value
) async throws -> Value {
    try await withTemporaryFolder { folder in
        let nodes = try (0..<count).map { try TestNode($0, in: folder, options: options) }
        defer { for node in nodes { node.kill() } }
        let mesh = TestMesh(folder: folder, nodes: nodes)
        try await mesh.start()
        return try await body(mesh)
    }
}
