import Core

/// The times and sizes that a mesh runs by; one home for their defaults.
public struct MeshParameters: Hashable, Sendable {
    /// One member is probed in each period (SWIM section 3).
    public var probePeriod = Duration.milliseconds(1_000)
    /// How long to wait for an answer before others are asked to probe, and how long for theirs.
    public var probeTimeout = Duration.milliseconds(500)
    /// How many members are asked to probe on our behalf (SWIM's k).
    public var indirectProbes = 3
    /// How long a suspect has to refute before it counts as dead.
    public var suspicionTimeout = Duration.seconds(3)
    /// To how many random members a new record is forwarded.
    public var gossipFanout = 6
    /// To how many members an own new record goes at once, so that a small mesh hears of it in one step.
    public var directPushMax = 64
    /// How often records are compared with a random member.
    public var antiEntropyPeriod = Duration.seconds(10)
    /// How often a joining node repeats itself until somebody answers.
    public var joinRetryPeriod = Duration.milliseconds(500)
    /// How often a node record is issued anew, and how long it lives.
    public var announcePeriod = Duration.seconds(6 * 3_600)
    public var recordLifetime = Duration.seconds(24 * 3_600)
    /// Differences between clocks up to this are normal.
    public var clockTolerance = Duration.seconds(600)
    /// A record issued this lately shows that its node lived a moment ago.
    public var freshness = Duration.seconds(30)

    /// How records and news travel, and who is probed, in a mesh with more nodes than have room in an active view.
    public var overlay = MeshOverlay.tree
    /// How soon another member is asked to be a neighbour when one did not answer.
    public var linkRetryPeriod = Duration.milliseconds(500)
    /// How long news about members is collected before the neighbours are told.
    public var newsDelay = Duration.milliseconds(100)
    /// How long announcements of records are collected.
    public var announcementDelay = Duration.milliseconds(250)
    /// How long an announced record may take along the tree before it is asked for.
    public var graftTimeout = Duration.milliseconds(500)
    /// Every so many probes one goes to any member instead of a neighbour: who has no neighbours left is found dead too,
    /// and the parts of a mesh that was cut find each other again.
    public var farProbeInterval = 8

    public init() {}
}

/// Whom a node deals with.
public enum MeshOverlay: String, Hashable, Sendable {
    /// Random members each time: plain random fan-out, and probes of everybody in turn.
    case everybody
    /// A few neighbours: HyParView for the view, Plumtree for the broadcast.
    case tree
}

/// The bounds on what others can make a node remember.
public enum MeshLimits {
    /// Records of one operator, of all kinds.
    public static let recordsPerSponsorMax = 20_000
    /// Nodes of one operator.
    public static let nodesPerSponsorMax = 1_000
    /// Records in all.
    public static let recordsMax = 200_000
    /// Records whose signer or sponsor is not known yet and that wait for them.
    public static let waitingRecordsMax = 256
    /// Largest message, in bytes.
    public static let messageBytesMax = 512 * 1_024
    /// Most record bytes that are put in one message.
    public static let recordBytesPerMessage = 192 * 1_024
    /// Largest record of any kind, in bytes.
    public static let recordBytesMax = 16 * 1_024
    /// Most bytes of records in the answer to one message, and to one of a node whose record is not known.
    public static let answerBytesMax = 16 << 20
    public static let answerToStrangerBytesMax = 1 << 20
    /// Status updates in one message.
    public static let updatesPerMessageMax = 32
    /// Peers whose clocks are remembered.
    public static let clocksMax = 64
    /// Nodes with addresses that were learned from an invitation.
    public static let contactsMax = 16
}
