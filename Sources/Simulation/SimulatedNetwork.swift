import Core

/// A network in one thread: packets are late, lost or cut off as the seed says, and nothing else decides.
public struct SimulatedNetwork: Sendable {
    /// A message on its way.
    public struct Packet: Sendable {
        public let from: NodeID
        public let to: NodeID
        public let bytes: [UInt8]
    }

    /// What a sender learns.
    public enum Fate: Sendable {
        case underWay
        /// Nobody listens there; a real transport notices.
        case refused
    }

    /// How often a packet is lost.
    public var loss = Ratio.never
    /// One-way delay in milliseconds.
    public var delay: ClosedRange<Int> = 1...5
    /// Nodes whose packets take a hundred times as long.
    public var slow: Set<NodeID> = []
    /// Nodes on either side of a cut; empty when the network is whole.
    public var partition: Set<NodeID> = []
    /// Nodes that run.
    public var up: Set<NodeID> = []

    public private(set) var sentCount = 0
    public private(set) var sentBytes = 0

    private var rng: SplitMix64
    private var underWay: [Instant: [Packet]] = [:]
    private var dues = BinaryHeap<Instant>()

    public init(seed: UInt64) {
        rng = SplitMix64(seed: seed)
    }

    /// When the next packet arrives, `nil` when none is under way.
    public var nextArrival: Instant? { dues.first }

    public mutating func send(_ packet: Packet, now: Instant) -> Fate {
        sentCount += 1
        sentBytes += packet.bytes.count
        guard up.contains(packet.to) else { return .refused }
        guard partition.contains(packet.from) == partition.contains(packet.to) else { return .underWay }
        guard !loss.occurs(using: &rng) else { return .underWay }
        var milliseconds = Int.random(in: delay, using: &rng)
        if slow.contains(packet.from) || slow.contains(packet.to) { milliseconds *= 100 }
        let due = now + .milliseconds(milliseconds)
        if underWay[due] == nil { dues.insert(due) }
        underWay[due, default: []].append(packet)
        return .underWay
    }

    /// The packets that have arrived by `now`, in order of arrival.
    public mutating func arrivals(now: Instant) -> [Packet] {
        var packets: [Packet] = []
        while let due = dues.first, due <= now {
            _ = dues.popFirst()
            packets += (underWay.removeValue(forKey: due) ?? []).filter { up.contains($0.to) }
        }
        return packets
    }
}
