/// A content identifier: what a block's bytes are, named by their hash.
///
/// CIDv1 with a SHA-256 or identity multihash; CIDv0 is accepted on the way in and kept as it was.
/// Source: multiformats CID and multihash.
public struct CID: Hashable, Sendable, CustomStringConvertible, Comparable {
    /// What the bytes behind the hash mean (multicodec table).
    public struct Codec: Hashable, Sendable {
        public let code: UInt64

        public init(code: UInt64) {
            self.code = code
        }

        public static let raw = Codec(code: 0x55)
        public static let dagPB = Codec(code: 0x70)
        public static let dagCBOR = Codec(code: 0x71)
        public static let libp2pKey = Codec(code: 0x72)
    }

    /// How the bytes were hashed (multihash table).
    public enum Hash: Hashable, Sendable {
        case sha256(Digest)
        /// The "digest" is the data itself, at most ``identityLengthMax`` bytes.
        case identity([UInt8])
    }

    /// Longest identity multihash that is accepted, in bytes.
    public static let identityLengthMax = 128

    public let version: UInt8
    public let codec: Codec
    public let hash: Hash

    /// A CIDv1.
    public init(codec: Codec, hash: Hash) {
        version = 1
        self.codec = codec
        self.hash = hash
    }

    private init(version: UInt8, codec: Codec, hash: Hash) {
        self.version = version
        self.codec = codec
        self.hash = hash
    }

    /// The CIDv1 of a block.
    public init(hashing bytes: some ContiguousBytesReadable, codec: Codec) {
        self.init(codec: codec, hash: .sha256(Digest(hashing: bytes)))
    }

    /// Whether `region` holds the bytes that this CID names.
    public func matches(_ region: UnsafeRawBufferPointer) -> Bool {
        switch hash {
        case .sha256(let digest): Digest(hashing: region) == digest
        case .identity(let bytes): region.elementsEqual(bytes)
        }
    }

    /// Whether `bytes` are the bytes that this CID names.
    public func matches(_ bytes: some ContiguousBytesReadable) -> Bool {
        bytes.withContiguousBytes(matches)
    }

    // MARK: - Binary form

    public var bytes: [UInt8] {
        var bytes: [UInt8] = []
        if version == 1 {
            Varint.append(1, to: &bytes)
            Varint.append(codec.code, to: &bytes)
        }
        switch hash {
        case .sha256(let digest):
            bytes += [0x12, 0x20]
            bytes += digest.bytes
        case .identity(let data):
            bytes.append(0x00)
            Varint.append(UInt64(data.count), to: &bytes)
            bytes += data
        }
        return bytes
    }

    /// What ``bytes`` counts, without making them.
    public var byteCount: Int {
        let head = version == 1 ? 1 + Varint.byteCount(of: codec.code) : 0
        return switch hash {
        case .sha256: head + 2 + Digest.byteCount
        case .identity(let data): head + 1 + Varint.byteCount(of: UInt64(data.count)) + data.count
        }
    }

    /// Reads one CID from the front of `bytes` and drops what it read.
    ///
    /// - Throws: ``CoreError`` for a version other than 0 or 1, a hash other than SHA-256 or identity, or a wrong length.
    public static func read(from bytes: inout ArraySlice<UInt8>) throws(CoreError) -> CID {
        if bytes.starts(with: [0x12, 0x20]) {
            let hash = try readMultihash(from: &bytes)
            return CID(version: 0, codec: .dagPB, hash: hash)
        }
        let version = try Varint.read(from: &bytes)
        guard version == 1 else { throw CoreError(.invalid, "CID version \(version) is not known, only 0 and 1") }
        let codec = Codec(code: try Varint.read(from: &bytes))
        return CID(codec: codec, hash: try readMultihash(from: &bytes))
    }

    /// - Throws: ``CoreError`` if `bytes` are not exactly one CID.
    public init(bytes: some Collection<UInt8>) throws(CoreError) {
        var rest = ArraySlice(bytes)
        self = try CID.read(from: &rest)
        guard rest.isEmpty else { throw CoreError(.invalid, "\(rest.count) bytes follow the CID") }
    }

    private static func readMultihash(from bytes: inout ArraySlice<UInt8>) throws(CoreError) -> Hash {
        let code = try Varint.read(from: &bytes)
        let length = try Varint.read(from: &bytes)
        guard length <= UInt64(bytes.count) else {
            throw CoreError(.truncated, "a multihash of \(length) bytes has only \(bytes.count)")
        }
        let digest = bytes.prefix(Int(length))
        bytes = bytes.dropFirst(Int(length))
        switch code {
        case 0x12:
            return .sha256(try Digest(digest))
        case 0x00:
            guard length <= UInt64(identityLengthMax) else {
                throw CoreError(.tooLarge, "an identity CID of \(length) bytes, at most \(identityLengthMax)")
            }
            return .identity(Array(digest))
        default:
            throw CoreError(.invalid, "hash function 0x\(String(code, radix: 16)) is not supported, only sha2-256")
        }
    }

    // MARK: - Text form

    /// The standard's text: base32 for CIDv1 (base36 for libp2p-key), bare base58btc for CIDv0.
    public var description: String {
        switch (version, codec) {
        case (0, _): Multibase.base58btc.encodeBare(bytes)
        case (_, .libp2pKey): Multibase.base36.encode(bytes)
        default: Multibase.base32.encode(bytes)
        }
    }

    /// - Throws: ``CoreError`` when `text` is no CID.
    public init(_ text: some StringProtocol) throws(CoreError) {
        let text = String(text)
        if text.utf8.count == 46, text.hasPrefix("Qm") {
            self = try CID(bytes: Multibase.base58btc.decodeBare(text))
            return
        }
        self = try CID(bytes: Multibase.decode(text))
        guard version == 1 else { throw CoreError(.invalid, "a CIDv0 has no multibase prefix") }
    }

    /// Byte order, for a stable iteration order.
    public static func < (lhs: CID, rhs: CID) -> Bool { lhs.bytes.lexicographicallyPrecedes(rhs.bytes) }
}
