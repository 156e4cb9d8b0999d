import Core
import Files
import PieceStore
import TestFolders
import Testing

let now = Instant(milliseconds: 1_800_000_000_000)
let lease = now + .seconds(3600)
let alice = [UInt8](repeating: 0xA1, count: 32)
let bob = [UInt8](repeating: 0xB0, count: 32)

extension TemporaryFolder {
    /// Where the store is.
    var store: String { path + "/pieces" }

    func volumes() throws -> [String] { try names("pieces/volumes") }
}

/// A piece with its bytes.
struct SamplePiece: Sendable {
    var description: PieceDescription
    let bytes: [UInt8]

    var segment: Digest { description.segment }
    var index: Int { description.index }

    /// - Parameter number: of the segment; the bytes depend on it and on `index`.
    init(_ number: Int, index: Int = 0, bytes count: Int, owner: [UInt8] = alice, leaseEnd: Instant = lease) {
        var random = SplitMix64(seed: UInt64(number) << 8 | UInt64(index))
        let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        self.bytes = bytes
        description = PieceDescription(
            segment: Self.segment(number),
            index: index,
            owner: owner,
            byteCount: count,
            root: Self.root(bytes),
            leaseEnd: leaseEnd,
            record: Array("record of \(number)".utf8)
        )
    }

    static func segment(_ number: Int) -> Digest { Digest(hashing: Array("segment \(number)".utf8)) }

    /// The RFC 6962 root over leaves of 1 KiB, straight from its definition.
    static func root(_ bytes: [UInt8]) -> Digest {
        let leaves = stride(from: 0, to: bytes.count, by: 1024).map { start in
            Digest(hashing: [0x00] + bytes[start..<min(start + 1024, bytes.count)])
        }
        func tree(_ hashes: ArraySlice<Digest>) -> Digest {
            if hashes.count == 1, let only = hashes.first { return only }
            var split = 1
            while split * 2 < hashes.count { split *= 2 }
            let middle = hashes.startIndex + split
            return Digest(hashing: [0x01] + tree(hashes[..<middle]).bytes + tree(hashes[middle...]).bytes)
        }
        return tree(leaves[...])
    }
}

func configuration(
    _ path: String,
    fileSystem: any FileSystem = SystemFileSystem(),
    pieceBytesMax: Int64 = 64 << 20,
    ownerBytesMax: Int64 = 64 << 20,
    volumeBytesMax: Int = 256 << 10
) -> PieceStoreConfiguration {
    var configuration = PieceStoreConfiguration(
        folder: path,
        fileSystem: fileSystem,
        pieceBytesMax: pieceBytesMax,
        ownerBytesMax: ownerBytesMax
    )
    configuration.volumeBytesMax = volumeBytesMax
    return configuration
}

extension PieceWriter {
    func append(_ bytes: some Collection<UInt8>) throws {
        try Array(bytes).withUnsafeBytes { try append($0) }
    }
}

extension PieceStore {
    func put(_ piece: SamplePiece, statement: StoredStatement? = nil) throws {
        let writer = try begin(piece.description)
        try writer.append(piece.bytes)
        try writer.commit(statement: statement)
    }

    func whole(_ piece: SamplePiece) throws -> [UInt8] {
        try read(piece.segment, piece.index, units: 0..<piece.description.unitCount)
    }

    func collectAll(now: Instant) throws {
        while try collect(now: now, budget: 3).hasMore {}
    }
}

func statement(_ piece: SamplePiece, node: UInt8 = 1, version: UInt64 = 1, until: Instant = lease) -> StoredStatement {
    StoredStatement(
        piece: PieceKey(segment: piece.segment, index: piece.index),
        node: [UInt8](repeating: node, count: 32),
        version: version,
        until: until,
        bytes: [node, UInt8(version)]
    )
}

/// The code of the error that `body` throws.
func code(_ body: () throws -> Void) -> PieceStoreError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? PieceStoreError)?.code
    }
}

/// The count agrees with the accounts, in the index and in the volumes.
func expectSound(_ store: PieceStore, _ comment: Comment? = nil) throws {
    let recount = try store.recount()
    #expect(recount.isSound, "\(comment?.rawValue ?? "") \(recount.places)")
}
