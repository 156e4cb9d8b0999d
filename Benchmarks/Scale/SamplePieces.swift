import Core
import Glibc
import Mesh
import Node
import Objects
import Owners
import PieceStore

/// Pieces of a kibibyte, each with the signed record of its segment and what its holders stated.
struct SamplePieces: Sendable {
    static let now = Instant(milliseconds: Int64(time(nil)) * 1_000)
    static let segmentBytes = 4_096
    static let lease = Duration.seconds(90 * 86_400)

    private let mesh: CID
    private let nodes: [SigningKey<NodeRole>]
    private let device: SigningKey<DeviceRole>
    private let certificate: DeviceCertificate
    private let layout: SegmentLayout

    init(_ folder: DataFolder, holders: Int) throws {
        guard let own = try KeyFile.read(folder.nodeKey, as: NodeRole.self),
            let genesis = try SmallFile.read(folder.genesis)
        else { throw NodeError(.file, "start a node on the folder once, so that it has a key and a mesh") }
        mesh = try GenesisRecord(decoding: genesis).mesh
        var rng = SystemRandomNumberGenerator()
        nodes = try [own] + (1..<holders).map { _ in try Self.key(&rng) }
        device = try Self.key(&rng)
        certificate = try DeviceCertificate(
            device: device.id,
            name: "sample",
            state: .active,
            version: 1,
            owner: try Self.key(&rng)
        )
        layout = try SegmentLayout(code: .forMesh(nodes: holders), byteCount: Self.segmentBytes)
    }

    private static func key<Role>(_ rng: inout some RandomNumberGenerator) throws -> SigningKey<Role> {
        try SigningKey(seed: (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &rng) })
    }

    /// Makes a segment and stores the first of its pieces; blocks.
    ///
    /// - Returns: What the other holders stated.
    func write(_ number: Int, to store: PieceStore) throws -> ArraySlice<StoredStatement> {
        var rng = SplitMix64(seed: UInt64(number) | 1 << 40)
        let bytes = (0..<layout.pieceByteCount).map { _ in UInt8(truncatingIfNeeded: rng.next()) }
        let root = bytes.withUnsafeBytes { PieceTree.root(unitHashes: [PieceTree.unitHash(of: $0)]) }
        let others = try (1..<layout.code.totalCount).map { _ in
            try Digest((0..<32).map { _ in UInt8(truncatingIfNeeded: rng.next()) })
        }
        let record = try SegmentRecord(
            mesh: mesh,
            layout: layout,
            roots: [root] + others,
            created: Self.now,
            leaseEnd: Self.now + Self.lease,
            certificate: certificate,
            device: device,
            using: &rng
        )
        let statements = try nodes.prefix(layout.code.totalCount).enumerated().map { index, node in
            try PieceStatement(
                mesh: mesh,
                piece: PieceID(segment: record.id, index: index),
                state: .holding,
                until: record.leaseEnd,
                version: PieceStatement.version(made: Self.now, renewal: 0),
                node: node
            ).stored
        }
        let writer = try store.begin(
            PieceDescription(
                segment: record.id.digest,
                index: 0,
                owner: record.owner.bytes,
                byteCount: bytes.count,
                root: root,
                leaseEnd: record.leaseEnd,
                record: record.bytes
            )
        )
        try bytes.withUnsafeBytes { try writer.append($0) }
        try writer.commit(statement: statements.first)
        return statements.dropFirst()
    }
}
