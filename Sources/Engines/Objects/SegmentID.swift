import Core

/// What names a segment: the SHA-256 digest (32 bytes) of its record's signed payload.
///
/// Prints as a CIDv1 with codec dag-cbor and a sha2-256 multihash, which the payload is.
public struct SegmentID: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let digest: Digest

    /// Length in bytes.
    public static let byteCount = Digest.byteCount

    public init(_ digest: Digest) {
        self.digest = digest
    }

    /// The name of the segment whose record has this payload.
    public init(hashing payload: [UInt8]) {
        digest = Digest(hashing: payload)
    }

    /// - Throws: ``ObjectsError`` `.malformed` unless there are exactly 32 bytes.
    public init(_ bytes: some Collection<UInt8>) throws(ObjectsError) {
        do {
            digest = try Digest(bytes)
        } catch {
            throw ObjectsError(error, in: "segment name")
        }
    }

    /// - Throws: ``ObjectsError`` `.malformed` when `text` is not the CID of a segment.
    public init(_ text: some StringProtocol) throws(ObjectsError) {
        let cid: CID
        do {
            cid = try CID(text)
        } catch {
            throw ObjectsError(error, in: "segment name")
        }
        guard cid.version == 1, cid.codec == .dagCBOR, case .sha256(let digest) = cid.hash else {
            throw ObjectsError(.malformed, "\(cid) is not the name of a segment")
        }
        self.digest = digest
    }

    public var bytes: [UInt8] { digest.bytes }

    public var cid: CID { CID(codec: .dagCBOR, hash: .sha256(digest)) }

    public var description: String { cid.description }

    /// The last eight characters: enough to tell segments apart, for tables and logs.
    public var short: String { String(description.suffix(8)) }

    /// Byte order.
    public static func < (lhs: SegmentID, rhs: SegmentID) -> Bool {
        withUnsafeBytes(of: lhs.digest) { left in
            withUnsafeBytes(of: rhs.digest) { right in left.lexicographicallyPrecedes(right) }
        }
    }
}

/// What names one piece of a segment.
public struct PieceID: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let segment: SegmentID
    /// Which of the segment's n pieces: `0..<n`, the first k are the data itself.
    public let index: Int

    public init(segment: SegmentID, index: Int) {
        self.segment = segment
        self.index = index
    }

    public var description: String { "\(segment)/\(index)" }

    public static func < (lhs: PieceID, rhs: PieceID) -> Bool {
        lhs.segment != rhs.segment ? lhs.segment < rhs.segment : lhs.index < rhs.index
    }
}
