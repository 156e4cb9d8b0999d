import Core

/// A replicated record as it lies on this node's disk: what replication knows of it, and its bytes.
public struct StoredRecord: Hashable, Sendable {
    public let key: RecordKey
    public let version: UInt64
    public let expires: Instant
    /// The signed record as it travels; the store never looks inside.
    public let bytes: [UInt8]

    public init(key: RecordKey, version: UInt64, expires: Instant, bytes: [UInt8]) {
        self.key = key
        self.version = version
        self.expires = expires
        self.bytes = bytes
    }
}
