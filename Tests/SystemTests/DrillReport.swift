/// What scripts rely on in `drill --json`.
struct DrillReport: Decodable, Sendable {
    struct Tally: Decodable, Sendable, Equatable {
        let reachable: Int
        let degraded: Int
        let lost: Int
    }

    struct Reads: Decodable, Sendable {
        let items: Int
        let of: Int
        let bytes: Int
        let seed: Int
        let sampled: Int?
        let lostAtMost: Int?
    }

    struct Item: Decodable, Sendable {
        struct Share: Decodable, Sendable {
            let `operator`: String
            let parts: Int
        }

        let kind: String
        let name: String
        let verdict: String
        let wasRead: Bool
        let onlyHere: Bool
        let copiesNow: Int
        let copiesLeft: Int
        let piecesNeeded: Int?
        let piecesNow: Int?
        let piecesLeft: Int?
        let lostWith: [Share]
        let reason: String?
    }

    struct Smallest: Decodable, Sendable {
        let kind: String
        let domains: [String]?
        let item: String?
        let exact: Bool
    }

    struct Single: Decodable, Sendable {
        let kind: String
        let name: String
        let nodes: Int
        let tally: Tally
        let read: Int
    }

    let nodesLost: Int
    let nodes: Int
    let thisNodeLost: Bool
    let tally: Tally
    let reads: Reads
    let items: [Item]
    let smallest: [Smallest]
    let singles: [Single]
    let notes: [String]

    /// The verdicts by name.
    var verdicts: [String: String] {
        Dictionary(items.map { ($0.name, $0.verdict) }, uniquingKeysWith: { first, _ in first })
    }

    func item(_ name: String) -> Item? { items.first { $0.name == name } }
}
