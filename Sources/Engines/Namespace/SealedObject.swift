import Core

/// The key of an object and where its ciphertext lies, in order.
public struct SealedObject: Hashable, Sendable {
    /// AES-256 key of this object alone; secret, for no log.
    public let key: [UInt8]
    public let extents: [Extent]

    public static let keyByteCount = 32
    /// Most extents of an object: 1 TiB in whole segments.
    public static let extentsMax = 16_384

    /// - Throws: ``NamespaceError`` `.outOfRange` for a key of another length, no extent or too many.
    public init(key: [UInt8], extents: [Extent]) throws(NamespaceError) {
        guard key.count == Self.keyByteCount else {
            throw NamespaceError(.outOfRange, "an object key has \(Self.keyByteCount) bytes, not \(key.count)")
        }
        guard (1...Self.extentsMax).contains(extents.count) else {
            throw NamespaceError(.outOfRange, "an object has 1 to \(Self.extentsMax) extents, not \(extents.count)")
        }
        self.key = key
        self.extents = extents
    }
}
