/// How often something was refused or went wrong; a refusal changes nothing else.
public struct MeshCounters: Hashable, Sendable {
    /// Records that were known already; normal in gossip.
    public var known: UInt64 = 0
    /// Records older than the one known.
    public var stale: UInt64 = 0
    /// Another record with the version of the one known: two nodes with one key.
    public var conflicting: UInt64 = 0
    /// Signatures that do not match, or records that are not what their message announced.
    public var forged: UInt64 = 0
    public var malformed: UInt64 = 0
    public var oversized: UInt64 = 0
    public var wrongMesh: UInt64 = 0
    public var notAdmitted: UInt64 = 0
    /// Invitations that were used up, expired or not countersigned.
    public var invitationVoid: UInt64 = 0
    /// Past their end, or dated from too far ahead.
    public var outOfTime: UInt64 = 0
    public var overQuota: UInt64 = 0
    /// Records that crashed this node before and are not looked at again.
    public var quarantined: UInt64 = 0
    /// Somebody else signed with this node's own key.
    public var ownKeySeen: UInt64 = 0
    /// Records that waited for their signer's and were crowded out.
    public var waitingDropped: UInt64 = 0
    /// Messages that were no messages.
    public var badMessages: UInt64 = 0
    /// Messages that a node not in the directory may not send.
    public var strangers: UInt64 = 0
    /// Nodes found dead.
    public var deaths: UInt64 = 0

    public init() {}

    mutating func count(_ error: MeshError) {
        switch error.code {
        case .forged: forged += 1
        case .tooLarge: oversized += 1
        case .wrongMesh: wrongMesh += 1
        case .notAdmitted, .unknownSigner: notAdmitted += 1
        case .invitationVoid: invitationVoid += 1
        case .outOfTime: outOfTime += 1
        case .overQuota: overQuota += 1
        default: malformed += 1
        }
    }
}
