import Core
import Objects
import Placement

/// Many nodes' repair engines, unchanged, in one thread under one seed and one virtual clock.
///
/// Nodes come and go, some for good; statements reach only those that are there, and transfers take their time. Somebody
/// who sees everything counts what is lost, what is moved, and what should not have been done.
public struct SimulatedHolders {
    /// A piece on a disk.
    struct Stored {
        let made: Instant
    }

    struct PieceKey: Hashable {
        let segment: Int
        let index: Int
    }

    struct Known {
        var notice: PieceNotice
        var version: UInt64
    }

    struct Node {
        let id: NodeID
        var machine: SegmentRepairMachine
        var isUp = true
        var isGone = false
        /// Since when it is up or not.
        var since: Instant
        var disk: [PieceKey: Stored] = [:]
        /// Statements about the segments it holds, by segment, then by index and node.
        var known: [Int: [Int: Known]] = [:]
        var removed: Set<Int> = []
        var jobs: Set<Int> = []
        var wakeSerial: UInt64 = 0
        /// Which change of the candidates its machine knows.
        var candidatesSeen = -1
    }

    struct Segment {
        let id: Digest
        var isRemoved = false
        var isLost = false
    }

    enum Happening {
        case leave(Int)
        case come(Int)
        case depart(Int)
        case arrive
        case noticed(Int, since: Instant)
        case told(Int, Known)
        case synced(Int, Int, [Int])
        case wake(Int, serial: UInt64)
        case transferred(job: Int)
        case sample
    }

    struct Event: Comparable {
        let at: Instant
        let serial: UInt64
        let happening: Happening

        static func < (lhs: Event, rhs: Event) -> Bool { (lhs.at, lhs.serial) < (rhs.at, rhs.serial) }
        static func == (lhs: Event, rhs: Event) -> Bool { lhs.serial == rhs.serial }
    }

    /// A rebuild under way: first the download, then one piece after the other.
    struct Job {
        let repairer: Int
        let segment: Int
        let indexes: [Int]
        let targets: [Int]
        let started: Instant
        var done = 0
    }

    public internal(set) var now = Instant(milliseconds: 1_800_000_000_000)
    public internal(set) var outcome = HolderOutcome()
    public let churn: HolderChurn
    let settings: SegmentRepairSettings
    let start: Instant
    var nodes: [Node] = []
    var numberOf: [NodeID: Int] = [:]
    var segments: [Segment] = []
    var segmentOf: [Digest: Int] = [:]
    var candidates = CandidateTable()
    var candidateChanges = 0
    var jobs: [Int: Job] = [:]
    var events = BinaryHeap<Event>()
    var serial: UInt64 = 0
    var rng: SplitMix64
    /// Whether nodes still come and go.
    var isChurning = true

    static let leaseEnd = Instant(milliseconds: 4_000_000_000_000)

    public init(seed: UInt64, churn: HolderChurn, settings: SegmentRepairSettings = SegmentRepairSettings()) {
        rng = SplitMix64(seed: seed)
        self.churn = churn
        self.settings = settings
        start = now
        for _ in 0..<churn.nodes { addNode() }
        for number in nodes.indices { meet(number) }
        for number in 0..<churn.segments { place(number) }
        schedule(.sample, after: churn.calm)
    }

    // MARK: - What happens to the mesh

    /// Kills this many nodes at once and for good, without replacement.
    public mutating func kill(_ count: Int) {
        for number in nodes.indices.filter({ !nodes[$0].isGone }).shuffled(using: &rng).prefix(count) {
            depart(number, isReplaced: false)
        }
    }

    /// From now on no node comes or goes, and those that are away return.
    public mutating func calmDown() {
        isChurning = false
        for number in nodes.indices where !nodes[number].isUp && !nodes[number].isGone { come(number) }
    }

    /// The owner removes a segment; nodes that are away learn it from others.
    public mutating func remove(_ segment: Int) {
        segments[segment].isRemoved = true
        for number in nodes.indices where nodes[number].isUp { drop(segment, at: number) }
    }

    /// Runs until `end`, or until `condition` holds, which is asked every minute.
    ///
    /// - Returns: Whether the condition came to hold.
    @discardableResult
    public mutating func run(
        for duration: Duration,
        until condition: (SimulatedHolders) -> Bool = { _ in false }
    ) -> Bool {
        let end = now + duration
        var askAt = now
        while let event = events.first, event.at <= end {
            if event.at >= askAt {
                if condition(self) { return true }
                askAt = event.at + .seconds(60)
            }
            _ = events.popFirst()
            now = max(now, event.at)
            perform(event.happening)
        }
        now = end
        outcome.days = Double((now - start).wholeMilliseconds) / 86_400_000
        return condition(self)
    }

    // MARK: - What can be asked

    /// Different pieces of a segment on nodes that are reachable.
    public func reachablePieces(of segment: Int) -> Int { pieces(of: segment) { $0.isUp }.count }

    /// Whether every segment is at full strength: n different pieces, or one on each node.
    public var isWhole: Bool {
        let up = nodes.count { $0.isUp }
        return segments.indices.allSatisfy {
            segments[$0].isRemoved || reachablePieces(of: $0) >= min(churn.n, up)
        }
    }

    /// Pieces on any disk beyond one of each index, removed segments not counted.
    public var surplusPieces: Int {
        segments.indices.filter { !segments[$0].isRemoved }.reduce(0) { sum, segment in
            let copies = nodes.filter { !$0.isGone }.reduce(0) { $0 + $1.disk.keys.count { $0.segment == segment } }
            return sum + copies - pieces(of: segment) { !$0.isGone }.count
        }
    }

    /// Pieces of removed segments on any disk that may return.
    public var removedPieces: Int {
        nodes.filter { !$0.isGone }.reduce(0) { $0 + $1.disk.keys.count { segments[$0.segment].isRemoved } }
    }

    func pieces(of segment: Int, where isCounted: (Node) -> Bool) -> Set<Int> {
        var found: Set<Int> = []
        for node in nodes where isCounted(node) {
            for key in node.disk.keys where key.segment == segment { found.insert(key.index) }
        }
        return found
    }

    // MARK: - Time

    mutating func schedule(_ happening: Happening, after delay: Duration) {
        serial += 1
        events.insert(Event(at: now + delay, serial: serial, happening: happening))
    }

    mutating func exponential(_ mean: Duration) -> Duration { rng.exponential(mean) }
}
