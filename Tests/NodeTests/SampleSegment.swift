import Core
import Erasure
import Objects
import Owners

/// An owner with one device.
struct SampleOwner: Sendable {
    let key: SigningKey<OwnerRole>
    let device: SigningKey<DeviceRole>
    let certificate: DeviceCertificate

    init(_ number: UInt64) throws {
        key = signingKey(number)
        device = signingKey(number + 1_000)
        certificate = try DeviceCertificate(
            device: device.id,
            name: "device",
            state: .active,
            version: 1,
            owner: key
        )
    }

    /// What the owner says when the device is lost.
    func revocation() throws -> DeviceCertificate {
        try DeviceCertificate(device: device.id, name: "device", state: .revoked, version: 2, owner: key)
    }

    func grant(to reader: NodeID, until: Instant = wallClock() + .seconds(3_600)) throws -> [UInt8] {
        try Grant(
            mesh: TestMesh.genesis.mesh,
            reader: reader,
            until: until,
            created: until - .seconds(7_200),
            certificate: certificate,
            device: device
        ).bytes
    }

    func renewal(
        of segments: [SegmentID],
        until: Instant = wallClock() + .seconds(60 * 86_400),
        version: UInt64 = 1
    ) throws -> [UInt8] {
        try LeaseRenewal(of: segments, until: until, version: version, certificate: certificate, device: device).bytes
    }

    func tombstone(of segments: [SegmentID]) throws -> [UInt8] {
        try Tombstone(of: segments, at: wallClock(), certificate: certificate, device: device).bytes
    }
}

/// A segment with all its pieces, as its owner makes it.
struct SampleSegment: Sendable {
    let record: SegmentRecord
    let pieces: [[UInt8]]
    /// What the pieces rebuild, padding included.
    let bytes: [UInt8]

    var id: SegmentID { record.id }

    /// Equal seeds give equal bytes.
    init(
        _ seed: UInt64,
        owner: SampleOwner,
        code: SegmentCode,
        byteCount: Int = 300_000,
        mesh: CID = TestMesh.genesis.mesh,
        created: Instant = wallClock(),
        leaseEnd: Instant = wallClock() + .seconds(86_400),
        content: [UInt8]? = nil,
        isPublic: Bool = false
    ) throws {
        let layout = try SegmentLayout(code: code, byteCount: content?.count ?? byteCount)
        var rng = SplitMix64(seed: seed)
        let paddedByteCount = layout.paddedByteCount
        bytes =
            content.map { $0 + Array(repeating: 0, count: paddedByteCount - $0.count) }
            ?? (0..<paddedByteCount).map { _ in UInt8(truncatingIfNeeded: rng.next()) }
        pieces = try Self.pieces(of: bytes, layout)
        let roots = pieces.map { piece in PieceTree.root(unitHashes: Self.hashes(of: piece, layout)) }
        record = try SegmentRecord(
            mesh: mesh,
            layout: layout,
            roots: roots,
            created: created,
            leaseEnd: leaseEnd,
            isPublic: isPublic,
            certificate: owner.certificate,
            device: owner.device,
            using: &rng
        )
    }

    private static func pieces(of bytes: [UInt8], _ layout: SegmentLayout) throws -> [[UInt8]] {
        let code = layout.code
        let coder = try ErasureCoder(dataCount: code.dataCount, totalCount: code.totalCount)
        var pieces = [[UInt8]](repeating: [], count: code.totalCount)
        for unit in 0..<layout.unitCount {
            let count = layout.unitByteCount(unit)
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count * code.totalCount, alignment: 64)
            defer { memory.deallocate() }
            memory.initializeMemory(as: UInt8.self, repeating: 0)
            let units = (0..<code.totalCount).map {
                UnsafeMutableRawBufferPointer(rebasing: memory[($0 * count)..<(($0 + 1) * count)])
            }
            for piece in 0..<code.dataCount {
                units[piece].copyBytes(from: bytes[layout.segmentRange(piece: piece, unit: unit)])
            }
            try coder.encode(
                data: units.prefix(code.dataCount).map { UnsafeRawBufferPointer($0) },
                parity: Array(units.dropFirst(code.dataCount))
            )
            for (piece, unit) in units.enumerated() { pieces[piece] += unit }
        }
        return pieces
    }

    static func hashes(of piece: [UInt8], _ layout: SegmentLayout) -> [Digest] {
        piece.withUnsafeBytes { bytes in
            (0..<layout.unitCount).map {
                PieceTree.unitHash(of: UnsafeRawBufferPointer(rebasing: bytes[layout.unitRange($0)]))
            }
        }
    }

    func piece(_ index: Int) -> PieceID { PieceID(segment: id, index: index) }

    /// Encoded parts of a piece, `unitsPerPart` units each.
    ///
    /// - Parameters:
    ///   - content: The bytes to send instead of the right ones.
    ///   - renewal: What goes along with the record.
    func parts(
        of index: Int,
        unitsPerPart: Int = 1,
        content: [UInt8]? = nil,
        renewal: [UInt8]? = nil
    ) throws -> [[UInt8]] {
        let layout = record.layout
        let bytes = content ?? pieces[index]
        return try stride(from: 0, to: layout.unitCount, by: unitsPerPart).map { first in
            let last = min(first + unitsPerPart, layout.unitCount) - 1
            return try StorePart(
                piece: piece(index),
                firstUnit: first,
                pieceByteCount: layout.pieceByteCount,
                record: first == 0 ? record.bytes : nil,
                renewal: first == 0 ? renewal : nil,
                body: bytes[layout.unitRange(first).lowerBound..<layout.unitRange(last).upperBound]
            ).encoded
        }
    }

    /// What a node says that holds a piece.
    func statement(_ index: Int, by node: SigningKey<NodeRole>, version: UInt64 = 1) throws -> [UInt8] {
        try PieceStatement(
            mesh: record.mesh,
            piece: piece(index),
            state: .holding,
            until: record.leaseEnd,
            version: version,
            node: node
        ).bytes
    }
}
