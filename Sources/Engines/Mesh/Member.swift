import Core

/// What this node thinks of another's health; never taken from the other's claims.
public enum MemberStatus: UInt8, Hashable, Sendable {
    /// In the directory, but nobody vouched for it since this node started.
    case unheard = 0
    case alive = 1
    /// Did not answer, and has not refuted yet.
    case suspect = 2
    case dead = 3
}

/// What was seen of a node, by this one or by those that told it.
public struct NodeObservation: Hashable, Sendable {
    public internal(set) var status: MemberStatus
    /// When the status became what it is.
    public internal(set) var since: Instant
    /// The life of the node that the status is about (SWIM's incarnation number); a refutation raises it.
    public internal(set) var incarnation: UInt64
    /// The address from which it last connected, as the transport saw it.
    public internal(set) var address: String?
}

/// A node of the mesh: its claims beside what was observed, never mixed.
public struct Member: Hashable, Sendable {
    public let node: NodeID
    public let `operator`: OperatorID
    public let claims: NodeClaims
    public let observation: NodeObservation

    public var isAlive: Bool { observation.status == .alive }
}

/// News about a member's health, as it travels on the back of messages.
struct StatusUpdate: Hashable, Sendable {
    let node: NodeID
    let status: MemberStatus
    let incarnation: UInt64

    /// Whether this is newer than what is known (SWIM section 4.2).
    func overrides(_ known: NodeObservation) -> Bool {
        if known.status == .unheard { return true }
        if incarnation != known.incarnation { return incarnation > known.incarnation }
        return status.rawValue > known.status.rawValue
    }
}
