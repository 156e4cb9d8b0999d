import Core
import Namespace
import Owners

/// Real keys: the same seed gives the same key.
func signingKey<Role>(_ number: UInt8, as _: Role.Type = Role.self) throws -> SigningKey<Role> {
    try SigningKey(seed: Array(repeating: number, count: 32))
}

/// Made-up devices, ordered by number: for everything that verifies no signature.
func deviceID(_ number: UInt8) -> DeviceID {
    guard let id = try? DeviceID([number] + Array(repeating: 7, count: 31)) else { preconditionFailure("32 bytes") }
    return id
}

let meshID = CID(hashing: Array("genesis".utf8), codec: .dagCBOR)

/// 2025-01-01T00:00:00Z.
let start = Instant(milliseconds: 1_735_689_600_000)

func day(_ count: Int) -> Duration { .seconds(86_400 * count) }

func segment(_ number: Int, paddedBytes: UInt32 = 1_000_000) throws -> SegmentReference {
    try SegmentReference(id: Digest(hashing: Array("segment \(number)".utf8)), k: 10, n: 30, paddedBytes: paddedBytes)
}

func object(_ number: Int, _ runs: [(segment: Int, offset: UInt32, count: UInt32)]) throws -> SealedObject {
    try SealedObject(
        key: Digest(hashing: Array("key \(number)".utf8)).bytes,
        extents: runs.map { try Extent(segment: segment($0.segment), offset: $0.offset, byteCount: $0.count) }
    )
}

func entry(
    _ name: String,
    _ counter: UInt64,
    device: UInt8 = 1,
    base: UInt64 = 0,
    written: Instant = start,
    content: NamespaceEntry.Content? = nil
) throws -> NamespaceEntry {
    let content = content ?? .inline(Array("\(counter) of \(device)".utf8))
    var size: UInt64 = 0
    switch content {
    case .inline(let bytes): size = UInt64(bytes.count)
    case .object(let object): size = object.extents.reduce(0) { $0 + UInt64($1.byteCount) }
    default: break
    }
    return try NamespaceEntry(
        name: ObjectName(name),
        stamp: NamespaceStamp(counter: counter, device: deviceID(device)),
        base: base,
        written: written,
        content: content,
        size: size,
        mode: 0o644,
        modified: written,
        leaseEnd: written + day(90)
    )
}

/// One entry of each kind.
func manyKinds() throws -> [NamespaceEntry] {
    [
        try entry("a", 1),
        try entry("docs", 2, content: .folder),
        try entry("docs/gone", 4, base: 3, content: .removed),
        try entry("docs/large", 5, content: .object(object(1, [(1, 0, 900_000), (2, 65_536, 70_000)]))),
        try entry("docs/link", 6, content: .symlink(target: "../a")),
        try entry("docs/small", 7, content: .object(object(2, [(2, 0, 65_536)]))),
        try entry("été/☃", 8, written: Instant(milliseconds: -5), content: .inline([])),
    ]
}
