import Core
import Mesh

/// What a run of a whole mesh is made of; equal settings give equal runs.
public struct ScaleSettings: Sendable {
    public var nodes = 100
    public var seed: UInt64 = 1
    public var parameters = MeshParameters()
    /// One-way delay between nodes, in milliseconds: homes on one continent.
    public var delay = 5...80
    public var loss = Ratio(3, in: 10)
    /// Nodes that lie, where liars are asked for.
    public var liars = Ratio(1, in: 10)
    /// Nodes whose clock is a year off; all others are up to five seconds off.
    public var wrongClocks = Ratio(1, in: 100)
    /// How long each part of a run lasts.
    public var part = Duration.seconds(60)
    /// Changes whose way to all is measured in each part.
    public var changes = 5
    /// Nodes of one operator, and how many more the first one has.
    public var nodesPerOperator = 4
    public var moreOfFirstOperator = 0
    /// Nodes of one network (an IPv4 /24), up to 256.
    public var nodesPerNetwork = 1
    /// Length of sessions and absences: Weibull with shape 1/2 and this scale.
    public var sessionScale = Duration.seconds(170 * 60)
    public var absenceScale = Duration.seconds(60 * 60)

    public init() {}
}

/// What was measured in one part of a run.
public struct ScaleResult: Sendable {
    public let part: String
    public let nodes: Int
    /// Simulated seconds.
    public var seconds = 0.0
    /// Bytes that a node sent, and events that it handled, per second; means over all that run.
    public var bytesPerNodeAndSecond = 0.0
    public var eventsPerNodeAndSecond = 0.0
    /// Pairs of an observer and a node that could be reached and was suspected, or taken for dead, by it.
    public var falseSuspicions = 0
    public var falseDeaths = 0
    /// Seconds until each node had a change, over all changes, in order; a node that never got it is missing.
    public var arrivals: [Double] = []
    /// Arrivals that should have been: changes times nodes.
    public var arrivalsWanted = 0
    /// Seconds until each node knew of a death, in order.
    public var deathsSeen: [Double] = []
    public var deathsWanted = 0
    /// Pairs of running nodes of which one takes the other for dead or suspect, of a sample, in millionths.
    public var wrongViewsPerMillion = 0.0
    /// Holders that placement proposed though they were away, of all proposed, in a sample of nodes and objects.
    public var wrongPlacements = 0
    public var placements = 0
    /// Forged records that an honest node took.
    public var forgedTaken = 0
    /// What else is worth saying, by name.
    public var notes: [(name: String, value: Double)] = []

    init(_ part: String, nodes: Int) {
        self.part = part
        self.nodes = nodes
    }

    /// The time after which this share of all arrivals had happened; `nil` when fewer ever did.
    public func arrival(_ share: Double) -> Double? { Self.quantile(arrivals, share, of: arrivalsWanted) }

    public func deathSeen(_ share: Double) -> Double? { Self.quantile(deathsSeen, share, of: deathsWanted) }

    private static func quantile(_ sorted: [Double], _ share: Double, of wanted: Int) -> Double? {
        let index = Int((Double(wanted) * share).rounded(.up)) - 1
        return sorted.indices.contains(index) ? sorted[index] : nil
    }
}
