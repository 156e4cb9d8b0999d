import Core
import Owners

/// Real keys: the same seed gives the same key.
func signingKey<Role>(_ number: UInt8, as _: Role.Type = Role.self) throws -> SigningKey<Role> {
    try SigningKey(seed: Array(repeating: number, count: 32))
}

let meshID = CID(hashing: Array("genesis".utf8), codec: .dagCBOR)
let otherMeshID = CID(hashing: Array("another genesis".utf8), codec: .dagCBOR)

/// 2025-01-01T00:00:00Z.
let start = Instant(milliseconds: 1_735_689_600_000)

func day(_ count: Int) -> Duration { .seconds(86_400 * count) }

func bytes(hex digits: String) throws -> [UInt8] { try Multibase.base16.decodeBare(digits) }

/// An owner with a device and a sponsor.
struct Household {
    let owner: SigningKey<OwnerRole>
    let device: SigningKey<DeviceRole>
    let sponsor: SigningKey<OperatorRole>

    init() throws {
        owner = try signingKey(21)
        device = try signingKey(22)
        sponsor = try signingKey(23)
    }

    func certificate(
        version: UInt64 = 1,
        state: DeviceCertificate.State = .active,
        lastRootVersion: UInt64 = 0
    ) throws -> DeviceCertificate {
        try DeviceCertificate(
            device: device.id,
            name: "laptop",
            state: state,
            lastRootVersion: lastRootVersion,
            version: version,
            owner: owner
        )
    }

    func deviceRecord(
        version: UInt64 = 1,
        state: DeviceCertificate.State = .active,
        mesh: CID = meshID,
        expires: Instant = start + day(90)
    ) throws -> DeviceRecord {
        try DeviceRecord(
            sponsoring: certificate(version: version, state: state),
            mesh: mesh,
            expires: expires,
            sponsor: sponsor
        )
    }

    func root(version: UInt64 = 7, mesh: CID = meshID, expires: Instant = start + day(90)) throws -> NamespaceRoot {
        try NamespaceRoot(
            sealed: Array(0..<100),
            version: version,
            mesh: mesh,
            expires: expires,
            certificate: certificate(),
            device: device
        )
    }
}
