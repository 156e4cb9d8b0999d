import Core

/// The keys of an object and where its ciphertext lies, in order.
public struct SealedObject: Hashable, Sendable {
    /// From one record of the object on another key counts.
    public struct Rekeying: Hashable, Sendable {
        /// Number of the first record under this key.
        public let firstRecord: UInt64
        /// AES-256 key of these records alone; secret, for no log.
        public let key: [UInt8]

        public init(firstRecord: UInt64, key: [UInt8]) {
            self.firstRecord = firstRecord
            self.key = key
        }
    }

    /// AES-256 key of the object's first records, of no other object; secret, for no log.
    public let key: [UInt8]
    /// What other keys follow, by rising record.
    public let rekeyings: [Rekeying]
    public let extents: [Extent]

    public static let keyByteCount = 32
    /// Most extents of an object: 1 TiB in whole segments.
    public static let extentsMax = 16_384
    /// Most changes of key in an object: one for each segment, however they were moved since.
    public static let rekeyingsMax = extentsMax

    /// - Throws: ``NamespaceError`` `.outOfRange` for a key of another length, no extent or too many, too many keys or
    ///   keys out of order.
    public init(key: [UInt8], rekeyings: [Rekeying] = [], extents: [Extent]) throws(NamespaceError) {
        for key in [key] + rekeyings.map(\.key) where key.count != Self.keyByteCount {
            throw NamespaceError(.outOfRange, "an object key has \(Self.keyByteCount) bytes, not \(key.count)")
        }
        guard (1...Self.extentsMax).contains(extents.count) else {
            throw NamespaceError(.outOfRange, "an object has 1 to \(Self.extentsMax) extents, not \(extents.count)")
        }
        guard rekeyings.count <= Self.rekeyingsMax else {
            throw NamespaceError(.outOfRange, "an object has \(rekeyings.count) keys, at most \(Self.rekeyingsMax)")
        }
        var previous: UInt64 = 0
        for rekeying in rekeyings {
            guard rekeying.firstRecord > previous else {
                throw NamespaceError(.outOfRange, "the keys of an object are out of order")
            }
            previous = rekeying.firstRecord
        }
        self.key = key
        self.rekeyings = rekeyings
        self.extents = extents
    }
}
