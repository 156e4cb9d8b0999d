import Core
import Objects
import Owners
import Testing

/// Real keys: the same seed gives the same key.
func signingKey<Role>(_ number: UInt8, as _: Role.Type = Role.self) throws -> SigningKey<Role> {
    try SigningKey(seed: Array(repeating: number, count: 32))
}

let meshID = CID(hashing: Array("genesis".utf8), codec: .dagCBOR)

/// 2025-01-01T00:00:00Z.
let start = Instant(milliseconds: 1_735_689_600_000)

func day(_ count: Int) -> Duration { .seconds(86_400 * count) }

func segmentID(_ number: Int) -> SegmentID { SegmentID(hashing: Array("segment \(number)".utf8)) }

func digest(_ number: Int) -> Digest { Digest(hashing: Array("root \(number)".utf8)) }

func randomBytes(_ count: Int, _ rng: inout SplitMix64) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: rng.next()) }
}

/// An owner with one certified device, and two nodes.
struct Signers {
    let owner: SigningKey<OwnerRole>
    let device: SigningKey<DeviceRole>
    let certificate: DeviceCertificate
    let node: SigningKey<NodeRole>

    init(owner ownerSeed: UInt8 = 21, device deviceSeed: UInt8 = 22) throws {
        owner = try signingKey(ownerSeed)
        device = try signingKey(deviceSeed)
        node = try signingKey(23)
        certificate = try DeviceCertificate(device: device.id, name: "desk", state: .active, version: 1, owner: owner)
    }

    func record(
        data: Int = 10,
        total: Int = 30,
        byteCount: Int = 700_000,
        roots: Int? = nil,
        lease: Duration = day(90),
        isPublic: Bool = false,
        seed: UInt64 = 1
    ) throws -> SegmentRecord {
        var rng = SplitMix64(seed: seed)
        return try SegmentRecord(
            mesh: meshID,
            layout: SegmentLayout(code: SegmentCode(dataCount: data, totalCount: total), byteCount: byteCount),
            roots: (0..<(roots ?? total)).map(digest),
            created: start,
            leaseEnd: start + lease,
            isPublic: isPublic,
            certificate: certificate,
            device: device,
            using: &rng
        )
    }

    func renewal(_ segments: [SegmentID], until: Instant = start + day(90), version: UInt64 = 7) throws -> LeaseRenewal
    {
        try LeaseRenewal(of: segments, until: until, version: version, certificate: certificate, device: device)
    }

    func tombstone(_ segments: [SegmentID]) throws -> Tombstone {
        try Tombstone(of: segments, at: start, certificate: certificate, device: device)
    }

    func grant(until: Instant = start + day(30), mesh: CID = meshID) throws -> Grant {
        try Grant(
            mesh: mesh,
            reader: node.id,
            until: until,
            created: start,
            certificate: certificate,
            device: device
        )
    }

    /// Some signed payload that says something else than our own would.
    func statement(_ fields: [String: CBOR], in domain: String) throws -> [UInt8] {
        try DeviceStatement(
            signing: CBOR.map(fields).encoded(),
            in: SignatureDomain(domain),
            certificate: certificate,
            device: device
        ).bytes
    }
}

func statement(
    _ index: Int,
    node: UInt8 = 23,
    segment: SegmentID = segmentID(1),
    state: PieceStatement.State = .holding,
    until: Instant = start + day(90),
    version: UInt64 = 1,
    mesh: CID = meshID
) throws -> PieceStatement {
    try PieceStatement(
        mesh: mesh,
        piece: PieceID(segment: segment, index: index),
        state: state,
        until: until,
        version: version,
        node: signingKey(node)
    )
}

/// Decodes every truncation of `bytes` and every single flipped bit in each byte, none of which may trap.
///
/// - Parameter decode: gives back what the decoded value encodes to.
func damage(
    _ bytes: [UInt8],
    bits: [UInt8] = [0, 3, 7],
    refusesAll: Bool,
    decode: ([UInt8]) throws -> [UInt8]
) throws {
    #expect(try decode(bytes) == bytes)
    for length in bytes.indices {
        #expect(throws: ObjectsError.self, "truncated to \(length)") { try decode(Array(bytes.prefix(length))) }
    }
    #expect(throws: ObjectsError.self, "one byte more") { try decode(bytes + [0]) }
    for index in bytes.indices {
        for bit in bits {
            var flipped = bytes
            flipped[index] ^= 1 << bit
            do {
                let again = try decode(flipped)
                #expect(!refusesAll && again == flipped, "byte \(index) bit \(bit)")
            } catch is ObjectsError {
                continue
            }
        }
    }
}
