import Core

/// A block: bytes and the CID that names them.
public struct Block: Hashable, Sendable {
    /// Largest block, in bytes (2 MiB, as other IPFS implementations exchange them).
    public static let bytesMax = 2 * 1024 * 1024

    public let cid: CID
    public let bytes: [UInt8]

    /// Hashes `bytes`; the CID is a CIDv1 with SHA-256.
    public init(hashing bytes: [UInt8], codec: CID.Codec) {
        cid = CID(hashing: bytes, codec: codec)
        self.bytes = bytes
    }

    /// Bytes that come from outside: bounded, and checked against the CID.
    ///
    /// - Throws: ``ContentError`` `.tooLarge` or `.wrongHash`.
    public init(verifying bytes: [UInt8], cid: CID) throws(ContentError) {
        guard bytes.count <= Self.bytesMax else {
            throw ContentError(.tooLarge, "a block of \(bytes.count) bytes, at most \(Self.bytesMax) are accepted")
        }
        guard cid.matches(bytes) else {
            throw ContentError(.wrongHash, "\(bytes.count) bytes are not the block \(cid); fetch it elsewhere")
        }
        self.cid = cid
        self.bytes = bytes
    }

    /// Bytes whose hash was checked before, such as those that a block store wrote.
    package init(trusting bytes: [UInt8], cid: CID) {
        self.cid = cid
        self.bytes = bytes
    }
}
