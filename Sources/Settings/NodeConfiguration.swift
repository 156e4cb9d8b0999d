/// Everything that a node is told from outside, checked and complete. Engines receive plain values out of it.
public struct NodeConfiguration: Sendable, Equatable {
    /// Longest operator and hosting name, in bytes: they travel in every node record.
    public static let nameBytesMax = 64
    /// Most invites and most advertised addresses.
    public static let listMax = 16

    /// Absolute path of the data folder.
    public var dataFolder: String
    /// Address for other nodes.
    public var listen: Endpoint
    /// Addresses that others are told; empty for the one listened on.
    public var advertise: [Endpoint]
    public var gateway: Endpoint
    /// Address for commands; always loopback.
    public var control: Endpoint
    public var operatorName: String
    /// Key file of the operator outside of the data folder; made on first use.
    public var operatorKeyFile: String?
    public var hosting: String
    /// ISO 3166-1 alpha-2 in upper case; `ZZ` (user-assigned by ISO) means not said.
    public var jurisdiction: String
    public var invites: [String]
    /// Bytes lent; `nil` for the smaller of 50 GB and half of what is free.
    public var storageBytes: Int?
    /// Bytes for what passes through the gateway; `nil` for a tenth of the bytes lent.
    public var cacheBytes: Int?
    /// How long a silent holder keeps its copies before they are made elsewhere.
    public var repairDelay: Duration
    /// Bytes a second that making lost pieces again may move, down and up together; 0 for no limit.
    public var repairBytesPerSecond: Int
    /// The least limit: below it holders would give up waiting for the next part of a piece.
    public static let repairRateMin = 1 << 20
    /// How often a member is probed.
    public var probeInterval: Duration
    public var logLevel: LogLevel

    /// Jurisdiction of a node that did not say one.
    public static let jurisdictionUnknown = "ZZ"
}
