import Core

/// What nodes tell each other in gossip: a body, the sender's clock and incarnation, and news about members.
struct MeshMessage: Hashable, Sendable {
    enum Body: Hashable, Sendable {
        case ping(sequence: UInt64)
        /// Please probe `target` and pass its answer on.
        case pingRequest(sequence: UInt64, target: NodeID)
        /// An answer to a ping; `about` is the node that was probed.
        case ack(sequence: UInt64, about: NodeID)
        case records([WireRecord])
        /// All that the sender has, as a fingerprint.
        case summary([UInt64])
        /// What the sender has in buckets that differ.
        case inventory(buckets: [UInt64], entries: [InventoryEntry])
        /// Please send these.
        case want([UInt64])
        /// Nothing but clock and news.
        case news
    }

    var clock: Instant
    var incarnation: UInt64
    var updates: [StatusUpdate]
    var body: Body
}

/// A record on its way, with what its receiver needs to skip it without verifying it.
struct WireRecord: Hashable, Sendable {
    let key: RecordKey
    let version: UInt64
    let bytes: [UInt8]

    /// What the record is called where it must not be processed, see ``MeshMachine/digest(of:_:)``.
    var digest: Digest { MeshMachine.digest(of: key.kind, bytes) }
}

/// A record that somebody has: which, and in which version.
struct InventoryEntry: Hashable, Sendable {
    let keyHash: UInt64
    let version: UInt64
}
