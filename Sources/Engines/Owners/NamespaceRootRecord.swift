import Core

/// A ``NamespaceRoot`` as the mesh replicates it: an envelope of a sponsoring operator around the root's bytes.
///
/// Any admitted operator may sponsor any root, so a device can move to another node without signing anew.
public struct NamespaceRootRecord: Hashable, Sendable {
    public let root: NamespaceRoot
    public let sponsor: OperatorID
    public let bytes: [UInt8]

    /// Largest record, in bytes.
    public static let bytesMax = NamespaceRoot.bytesMax + 160

    /// Signs with the sponsor's key.
    public init(sponsoring root: NamespaceRoot, sponsor: SigningKey<OperatorRole>) {
        bytes = SignedEnvelope(signing: root.bytes, in: .namespaceRootSponsor, with: sponsor).encoded
        self.root = root
        self.sponsor = sponsor.id
    }

    /// Decodes and verifies all three signatures.
    ///
    /// - Throws: ``OwnersError`` `.malformed`, `.badSignature`, `.outOfRange` or `.revoked`.
    public init(decoding bytes: [UInt8]) throws(OwnersError) {
        guard bytes.count <= Self.bytesMax else {
            throw OwnersError(.outOfRange, "a namespace root record of \(bytes.count) bytes, at most \(Self.bytesMax)")
        }
        let inner: [UInt8]
        do {
            let envelope = try SignedEnvelope<OperatorRole>(decoding: bytes, in: .namespaceRootSponsor)
            inner = envelope.payload
            sponsor = envelope.signer
        } catch {
            throw OwnersError(error, in: "namespace root record")
        }
        root = try NamespaceRoot(decoding: inner)
        self.bytes = bytes
    }

    public var header: RecordHeader {
        RecordHeader(
            key: RecordKey(kind: .namespaceRoot, subject: root.owner.bytes + root.device.bytes),
            version: root.version,
            expires: root.expires,
            sponsor: sponsor
        )
    }
}
