/// What scripts rely on in `status --json`.
struct NodeStatus: Decodable, Sendable {
    struct Members: Decodable, Sendable {
        let alive: Int
        let known: Int
    }

    struct Copies: Decodable, Sendable {
        let live: Int
        let target: Int
    }

    struct Storage: Decodable, Sendable {
        /// Bytes of all blocks, cached ones included.
        let used: Int
        let cacheUsed: Int
    }

    let node: String
    let `operator`: String
    let members: Members
    let copies: Copies
    let storage: Storage
}

/// What scripts rely on in `publish --json`.
struct Published: Decodable, Sendable {
    let name: String
    let root: String
    let url: String
    let copiesPlaced: Int
    let copiesWanted: Int
    let notes: [String]
}

/// What scripts rely on in `name ls --json`.
struct NameEntry: Decodable, Sendable {
    let label: String
    let name: String
    let root: String
    let copiesLive: Int
    let copiesTarget: Int
}
