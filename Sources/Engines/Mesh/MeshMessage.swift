import Core

/// What nodes tell each other in gossip: a body, the sender's clock and incarnation, and news about members.
struct MeshMessage: Hashable, Sendable {
    enum Body: Hashable, Sendable {
        case ping(sequence: UInt64, wish: LinkWish? = nil)
        /// Please probe `target` and pass its answer on.
        case pingRequest(sequence: UInt64, target: NodeID)
        /// An answer to a ping; `about` is the node that was probed; `isLinked` answers a wish and is `nil` without one.
        case ack(sequence: UInt64, about: NodeID, isLinked: Bool? = nil)
        case records([WireRecord], alongTree: Bool = false)
        /// All that the sender has, as a fingerprint.
        case summary([UInt64])
        /// What the sender has in buckets that differ.
        case inventory(buckets: [UInt64], entries: [InventoryEntry])
        /// Please send these.
        case want([UInt64])
        /// Nothing but clock and news.
        case news
        /// The receiver is no neighbour any more.
        case unlink
        /// Records need not be pushed to the sender, only announced.
        case prune
        /// Who is alive?
        case rollCall
        /// The hashes of the keys of the records of those that the sender takes for alive.
        case alive([UInt64])
    }

    var clock: Instant
    var incarnation: UInt64
    var updates: [StatusUpdate]
    var body: Body
}

/// That a node wants to be, or to stay, the receiver's neighbour.
enum LinkWish: UInt64, Hashable, Sendable {
    case plain = 1
    /// It has no other neighbour (HyParView's high priority).
    case urgent = 2
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
