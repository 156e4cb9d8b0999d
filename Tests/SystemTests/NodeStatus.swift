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
        /// Bytes of all blocks, cached ones included, and of pieces.
        let used: Int
        let pieces: Int
        /// Bytes of all blocks, cached ones included.
        var blocks: Int { used - pieces }
        let cacheUsed: Int
    }

    struct Floors: Decodable, Sendable {
        let stored: Int
        let wanted: Int
        let reason: String?
    }

    let node: String
    let `operator`: String
    let members: Members
    let copies: Copies
    /// Over all segments of which the node holds a piece.
    let pieces: Copies
    let storage: Storage
    let floors: Floors
    let counters: [String: Int]
    /// Pieces that are missing for full strength.
    let debt: Int
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
    let floor: String
    let floorReason: String?
}

/// What scripts rely on in `stat --json`.
struct ObjectStat: Decodable, Sendable {
    struct Segment: Decodable, Sendable {
        let k: Int
        let n: Int
        let piecesLive: Int
        let piecesTarget: Int
    }

    let name: String
    let bytes: Int
    let segments: [Segment]
    let spare: Int
    let leaseEndMilliseconds: Int
    let conflicts: [String]
}

/// What scripts rely on in `fsck --json`.
struct FsckReport: Decodable, Sendable {
    let blocks: Int
    let pieces: Int
    let bytes: Int
    let sound: Bool
    let rebuilt: Int
    let problems: [String]
}

/// What scripts rely on in `key ls --json`.
struct DeviceEntry: Decodable, Sendable {
    let device: String
    let name: String
    let state: String
    let isThis: Bool
}
