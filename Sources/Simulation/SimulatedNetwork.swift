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
    private var queue: [(due: Instant, order: Int, packet: Packet)] = []
    private var order = 0

    public init(seed: UInt64) {
        rng = SplitMix64(seed: seed)
    }

    /// When the next packet arrives, `nil` when none is under way.
    public var nextArrival: Instant? { queue.last?.due }

    public mutating func send(_ packet: Packet, now: Instant) -> Fate {
        sentCount += 1
        sentBytes += packet.bytes.count
        guard up.contains(packet.to) else { return .refused }
        guard partition.contains(packet.from) == partition.contains(packet.to) else { return .underWay }
        guard !loss.occurs(using: &rng) else { return .underWay }
        var milliseconds = Int.random(in: delay, using: &rng)
        if slow.contains(packet.from) || slow.contains(packet.to) { milliseconds *= 100 }
        order += 1
        insert((now + .milliseconds(milliseconds), order, packet))
        return .underWay
    }

    /// The packets that have arrived by `now`, in order of arrival.
    public mutating func arrivals(now: Instant) -> [Packet] {
        var packets: [Packet] = []
        while let next = queue.last, next.due <= now {
            queue.removeLast()
            if up.contains(next.packet.to) { packets.append(next.packet) }
        }
        return packets
    }

    /// Keeps the queue sorted, the earliest last.
    private mutating func insert(_ item: (due: Instant, order: Int, packet: Packet)) {
        var low = 0
        var high = queue.count
        while low < high {
            let middle = (low + high) / 2
            let other = queue[middle]
            if (other.due, other.order) > (item.due, item.order) { low = middle + 1 } else { high = middle }
        }
        queue.insert(item, at: low)
    }
}
