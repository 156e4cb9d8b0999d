import Core
import SQLite

/// What the store files a block under: digest and codec, so that CIDv0 and CIDv1 of a node are one block.
struct BlockKey: Hashable, Sendable {
    let digest: Digest
    let codec: UInt64

    init(digest: Digest, codec: UInt64) {
        self.digest = digest
        self.codec = codec
    }

    /// `nil` for an identity CID, which carries its bytes and is never stored.
    init?(_ cid: CID) {
        guard case .sha256(let digest) = cid.hash else { return nil }
        self.init(digest: digest, codec: cid.codec.code)
    }

    /// The CIDv1 of the block.
    var cid: CID { CID(codec: CID.Codec(code: codec), hash: .sha256(digest)) }

    var isRaw: Bool { codec == CID.Codec.raw.code }

    /// The digest's first eight bytes; orders keys as the index does.
    var prefix: UInt64 { digest.withBytes { UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)) } }

    // A digest is uniform already, eight bytes of it spread keys well.
    func hash(into hasher: inout Hasher) {
        hasher.combine(prefix)
    }
}

extension RawStatement {
    /// Binds digest and codec at this and the next position.
    func bind(_ position: CInt, _ key: BlockKey) {
        bind(position, key.digest)
        bind(position + 1, Int64(bitPattern: key.codec))
    }
}

extension RawRow {
    /// Digest and codec in this and the next column.
    func key(_ column: CInt) throws -> BlockKey {
        BlockKey(digest: try Digest(region(column)), codec: UInt64(bitPattern: integer(column + 1)))
    }
}
