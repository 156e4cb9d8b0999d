import Core
import Placement
import Publishing

/// Made-up keys: counted up, for everything that verifies no signature.
func nodeID(_ number: Int) -> NodeID { key(1, number) }
func operatorID(_ number: Int) -> OperatorID { key(2, number) }
func publisherID(_ number: Int) -> PublisherID { key(3, number) }

private func key<Role>(_ role: UInt8, _ number: Int) -> KeyID<Role> {
    let bytes = [role] + Array(repeating: 0, count: 23) + withUnsafeBytes(of: UInt64(number).bigEndian) { Array($0) }
    guard let key = try? KeyID<Role>(bytes) else { preconditionFailure("32 bytes are a key") }
    return key
}

/// Real keys, for records: the same seed gives the same key.
func signingKey<Role>(_ number: UInt8, as _: Role.Type = Role.self) throws -> SigningKey<Role> {
    try SigningKey(seed: Array(repeating: number, count: 32))
}

func cid(_ number: Int) -> CID { CID(hashing: Array("content \(number)".utf8), codec: .dagPB) }

let meshID = CID(hashing: Array("genesis".utf8), codec: .dagCBOR)

/// 2025-01-01T00:00:00Z.
let start = Instant(milliseconds: 1_735_689_600_000)

func day(_ count: Int) -> Duration { .seconds(86_400 * count) }

func candidate(
    _ number: Int,
    operator operatorNumber: Int? = nil,
    hosting: Int? = nil,
    jurisdiction: Int? = nil,
    weight: UInt64 = 1 << 30
) -> PlacementCandidate {
    PlacementCandidate(
        node: nodeID(number),
        operator: operatorID(operatorNumber ?? number),
        hosting: "h\(hosting ?? number)",
        jurisdiction: "j\(jurisdiction ?? number)",
        network: nil,
        weight: weight
    )
}

func order(root: Int, bytes: UInt64 = 1000, copies: Int = 5, lease: Duration = day(90)) -> PublishOrder {
    PublishOrder(root: cid(root), byteCount: bytes, copies: copies, lease: lease, ipns: [1, 2, 3], label: "docs")
}

/// The publication of site `number` with content `root`, sponsored by operator 0 unless said otherwise.
func publication(
    _ number: Int,
    root: Int,
    bytes: UInt64 = 1000,
    copies: Int = 5,
    lease: Duration = day(90),
    sponsor: OperatorID = operatorID(0),
    after previous: Publication? = nil,
    now: Instant = start
) throws -> Publication {
    try Publication.publishing(
        order(root: root, bytes: bytes, copies: copies, lease: lease),
        mesh: meshID,
        publisher: publisherID(number),
        sponsor: sponsor,
        after: previous,
        sequence: Publication.nextSequence(after: previous?.sequence, now: now),
        now: now
    )
}

func holding(
    _ node: Int,
    of publication: Publication,
    state: Holding.State = .holding,
    version: UInt64 = 1
) -> Holding {
    Holding(
        mesh: meshID,
        node: nodeID(node),
        publisher: publication.publisher,
        sequence: publication.sequence,
        state: state,
        until: publication.leaseEnd,
        version: version
    )
}
