import Core

/// Which piece: one of a segment's.
public struct PieceKey: Hashable, Comparable, Sendable, CustomStringConvertible {
    public var segment: Digest
    /// From 0 to ``PieceDescription/indexMax``.
    public var index: Int

    public init(segment: Digest, index: Int) {
        self.segment = segment
        self.index = index
    }

    public static func < (lhs: Self, rhs: Self) -> Bool {
        lhs.segment == rhs.segment
            ? lhs.index < rhs.index : lhs.segment.bytes.lexicographicallyPrecedes(rhs.segment.bytes)
    }

    public var description: String {
        segment.bytes.prefix(4).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() + "/\(index)"
    }
}

/// What a piece is, as its segment record and its lease say.
public struct PieceDescription: Hashable, Sendable {
    public var segment: Digest
    public var index: Int
    /// The owner's key.
    public var owner: [UInt8]
    /// Length in bytes.
    public var byteCount: Int
    /// The RFC 6962 root over leaves of 1 KiB.
    public var root: Digest
    public var leaseEnd: Instant
    /// The signed segment record, opaque here.
    public var record: [UInt8]
    /// The owner's renewal that ``leaseEnd`` comes from, where it is not the record's.
    public var renewal: StoredRenewal?

    public static let indexMax = 255
    public static let ownerByteCount = 32
    /// Longest piece in bytes: a whole padded segment.
    public static let byteCountMax = 96 << 20
    /// Longest segment record in bytes.
    public static let recordBytesMax = 17 << 10
    /// Length of all units but a piece's last, in bytes.
    public static let unitByteCount = 64 << 10

    public init(
        segment: Digest,
        index: Int,
        owner: [UInt8],
        byteCount: Int,
        root: Digest,
        leaseEnd: Instant,
        record: [UInt8],
        renewal: StoredRenewal? = nil
    ) {
        self.segment = segment
        self.index = index
        self.owner = owner
        self.byteCount = byteCount
        self.root = root
        self.leaseEnd = leaseEnd
        self.record = record
        self.renewal = renewal
    }

    public var key: PieceKey { PieceKey(segment: segment, index: index) }
    public var unitCount: Int { (byteCount - 1) / Self.unitByteCount + 1 }

    /// Length of a unit in bytes.
    func byteCount(ofUnit unit: Int) -> Int { min(Self.unitByteCount, byteCount - unit * Self.unitByteCount) }

    /// - Throws: ``PieceStoreError`` `.invalid` or `.limit`.
    func check() throws(PieceStoreError) {
        guard (0...Self.indexMax).contains(index) else {
            throw PieceStoreError(.invalid, "a piece has an index from 0 to \(Self.indexMax), not \(index)")
        }
        guard owner.count == Self.ownerByteCount else {
            throw PieceStoreError(.invalid, "an owner has \(Self.ownerByteCount) bytes, not \(owner.count)")
        }
        guard byteCount > 0 else { throw PieceStoreError(.invalid, "a piece has at least one byte") }
        guard byteCount <= Self.byteCountMax else {
            throw PieceStoreError(.limit, "a piece has at most \(Self.byteCountMax) bytes, not \(byteCount)")
        }
        guard record.count <= Self.recordBytesMax else {
            throw PieceStoreError(.limit, "a segment record has at most \(Self.recordBytesMax) bytes")
        }
        try renewal?.check()
    }
}

/// What a node stated about a piece that it holds.
public struct StoredStatement: Hashable, Sendable {
    public var piece: PieceKey
    /// The node's key, at most ``nodeBytesMax`` bytes.
    public var node: [UInt8]
    /// The higher version replaces the lower one.
    public var version: UInt64
    public var until: Instant
    /// The signed statement, opaque here, at most ``bytesMax`` bytes.
    public var bytes: [UInt8]

    public static let nodeBytesMax = 64
    public static let bytesMax = 4 << 10

    public init(piece: PieceKey, node: [UInt8], version: UInt64, until: Instant, bytes: [UInt8]) {
        self.piece = piece
        self.node = node
        self.version = version
        self.until = until
        self.bytes = bytes
    }
}

/// An owner's word that a segment is to be removed.
public struct StoredTombstone: Hashable, Sendable {
    public var segment: Digest
    public var owner: [UInt8]
    /// Until then the segment's pieces are refused.
    public var until: Instant
    /// The signed tombstone, opaque here, at most ``bytesMax`` bytes.
    public var bytes: [UInt8]

    public static let bytesMax = 2 << 10

    public init(segment: Digest, owner: [UInt8], until: Instant, bytes: [UInt8]) {
        self.segment = segment
        self.owner = owner
        self.until = until
        self.bytes = bytes
    }
}
