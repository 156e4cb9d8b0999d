/// An Ed25519 public key (32 bytes, RFC 8032) that names someone, with the role in its type.
///
/// Prints as the standard's text for a key: a CIDv1 with codec libp2p-key in base36 (`k51…`), whose multihash is the
/// identity of the libp2p protobuf form of the key. Source: libp2p peer-ids, IPNS record.
public struct KeyID<Role>: Hashable, Sendable, Comparable, CustomStringConvertible {
    private let words: Words32

    /// Length in bytes.
    public static var byteCount: Int { 32 }

    /// - Throws: ``CoreError`` `.invalid` unless there are exactly 32 bytes.
    public init(_ bytes: some Collection<UInt8>) throws(CoreError) {
        guard bytes.count == Self.byteCount else {
            throw CoreError(.invalid, "an Ed25519 public key has \(Self.byteCount) bytes, not \(bytes.count)")
        }
        words = Array(bytes).withUnsafeBytes { Words32($0) }
    }

    /// - Throws: ``CoreError`` when `text` is not the CID of an Ed25519 key.
    public init(_ text: some StringProtocol) throws(CoreError) {
        try self.init(cid: CID(text))
    }

    /// - Throws: ``CoreError`` when `cid` is not an identity CID of an Ed25519 key.
    public init(cid: CID) throws(CoreError) {
        guard case .identity(let protobuf) = cid.hash, cid.codec == .libp2pKey,
            protobuf.count == 36, protobuf.starts(with: KeyIDPrefix.protobuf)
        else { throw CoreError(.invalid, "\(cid) is not the name of an Ed25519 key") }
        try self.init(protobuf.dropFirst(4))
    }

    public var bytes: [UInt8] { words.bytes }

    /// The key as a CIDv1 (codec libp2p-key, identity multihash).
    public var cid: CID { CID(codec: .libp2pKey, hash: .identity(KeyIDPrefix.protobuf + bytes)) }

    public var description: String { cid.description }

    /// The last eight characters: enough to tell keys apart, for tables and logs.
    public var short: String { String(description.suffix(8)) }

    /// In the order of the bytes.
    public static func < (lhs: Self, rhs: Self) -> Bool { lhs.words.precedes(rhs.words) }
}

private enum KeyIDPrefix {
    /// Protobuf: field 1 (type) = 1 (Ed25519), field 2 (data) = 32 bytes.
    static let protobuf: [UInt8] = [0x08, 0x01, 0x12, 0x20]
}

public enum NodeRole: Sendable {}
public enum OperatorRole: Sendable {}
public enum PublisherRole: Sendable {}
public enum InvitationRole: Sendable {}

/// A machine of the mesh.
public typealias NodeID = KeyID<NodeRole>
/// Who answers for machines; the unit of trust and of placement.
public typealias OperatorID = KeyID<OperatorRole>
/// The key behind a published site, and so its address (`/ipns/k51…`).
public typealias PublisherID = KeyID<PublisherRole>
/// The key inside an invitation: whoever holds it may ask for admission.
public typealias InvitationID = KeyID<InvitationRole>
