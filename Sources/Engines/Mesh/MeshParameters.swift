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

    public init() {}
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
    /// Status updates in one message.
    public static let updatesPerMessageMax = 32
    /// Peers whose clocks are remembered.
    public static let clocksMax = 64
    /// Nodes with addresses that were learned from an invitation.
    public static let contactsMax = 16
}
