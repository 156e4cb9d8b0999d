import Core

/// What a node has to do for the sites it holds or shall hold.
public enum RepairEffect: Hashable, Sendable {
    /// Copy every version that publication `sequence` lists from any of these nodes, best first, or from the site's floor
    /// where no node is named, and answer once with `copySucceeded` when all of it is durable and pinned, or with `copyFailed`.
    case fetch(PublisherID, sequence: UInt64, roots: [CID], from: [NodeID])
    /// Stop this copy and drop what it left; it needs no answer.
    case cancel(PublisherID)
    /// Sign this statement, keep it and spread it: that the copy is held, or that it is withdrawn.
    case state(Holding)
    /// Of this site pin exactly its roots, and remember the value for the next start.
    case retain(HeldSite)
    /// Unpin everything of this site: withdrawn, unpublished, or past its lease.
    case release(PublisherID)
    /// A request to hold this site is declined.
    case refuse(PublisherID, RefusalReason)
    /// Call `tick` at this instant, or earlier; replaces the wake-up asked for before.
    case wake(at: Instant)
}

/// Why a node does not take a copy that a publisher asked it to take.
public enum RefusalReason: Hashable, Sendable, CustomStringConvertible {
    case unknownSite
    case busy(inFlightMax: Int)
    case noRoom(lent: UInt64, needed: UInt64)

    public var description: String {
        switch self {
        case .unknownSite: "no such publication is in force here; send its record first"
        case .busy(let max): "\(max) requested copies are being made already; ask again later"
        case .noRoom(let lent, let needed): "the site has \(needed) bytes, this node lends \(lent)"
        }
    }
}

/// A site that this node has durably, as the store remembers it across restarts.
public struct HeldSite: Hashable, Sendable {
    public let publisher: PublisherID
    /// The publication whose versions are held.
    public var sequence: UInt64
    public var roots: [CID]
    /// As last seen; nothing is given up before it.
    public var leaseEnd: Instant
    /// Whether it is published from this node, whose copy then stays when there are too many.
    public var isOwn: Bool

    public init(publisher: PublisherID, sequence: UInt64, roots: [CID], leaseEnd: Instant, isOwn: Bool = false) {
        self.publisher = publisher
        self.sequence = sequence
        self.roots = roots
        self.leaseEnd = leaseEnd
        self.isOwn = isOwn
    }

    /// What the node that imported `publication` holds, when it has every version that is listed.
    public init(own publication: Publication) {
        self.init(
            publisher: publication.publisher,
            sequence: publication.sequence,
            roots: publication.versions.map(\.root),
            leaseEnd: publication.leaseEnd,
            isOwn: true
        )
    }
}
