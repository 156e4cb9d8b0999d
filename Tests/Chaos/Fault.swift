import Core

/// What can happen to one node.
enum Fault: CaseIterable, Sendable {
    /// SIGKILL, started again after a while.
    case kill
    /// SIGSTOP for a while.
    case pause
    /// Runs a fifth of the time.
    case slow
    /// Its disk is full for a while.
    case fill
    /// Bytes of its volumes change under it; it checks what it stores afterwards.
    case corrupt
    /// Its cable is out for a while.
    case cut

    var title: String {
        switch self {
        case .kill: "killed"
        case .pause: "paused"
        case .slow: "slowed"
        case .fill: "disk filled"
        case .corrupt: "corrupted on disk"
        case .cut: "cut off"
        }
    }

    func isPossible(at place: ChaosPlace) -> Bool {
        switch self {
        case .kill, .pause, .slow, .corrupt: true
        case .fill: place.hasDisks
        case .cut: place.hasNamespaces
        }
    }

    /// Whether a node that lives through the whole run may suffer it.
    var leavesProcess: Bool { self != .kill && self != .fill }
}

/// Which fault happens to which node when: never to more nodes at once than acknowledged data must survive.
struct FaultPlan: Sendable {
    /// Nodes that suffer at once; a third of the pieces of a segment may be gone the moment after it is acknowledged.
    static let atOnceMax = 2
    /// Longest fault.
    static let lastingMax = Duration.seconds(12)

    private var rng: SplitMix64
    private let possible: [Fault]
    private let nodes: [Int]
    /// The node that is never killed, by which it is seen whether memory grows.
    private let witness: Int
    private var bag: [Fault] = []

    init(nodes: [Int], witness: Int, place: ChaosPlace, seed: UInt64) {
        rng = SplitMix64(seed: seed)
        self.nodes = nodes
        self.witness = witness
        possible = Fault.allCases.filter { $0.isPossible(at: place) }
    }

    struct Step: Sendable {
        let fault: Fault
        let node: Int
        let lasting: Duration
        /// Until the next one begins.
        let pause: Duration
    }

    /// The next fault, on a node that does not suffer already.
    mutating func next(suffering: Set<Int>) -> Step? {
        if bag.isEmpty { bag = possible.shuffled(using: &rng) }
        guard let fault = bag.popLast() else { return nil }
        let candidates = nodes.filter { !suffering.contains($0) && ($0 != witness || fault.leavesProcess) }
        guard let node = candidates.randomElement(using: &rng) else { return nil }
        return Step(
            fault: fault,
            node: node,
            lasting: .seconds(Int.random(in: 3...12, using: &rng)),
            pause: .seconds(Int.random(in: 2...7, using: &rng))
        )
    }

    /// Bytes to change, as fractions of a file's length.
    mutating func positions(_ count: Int) -> [Double] {
        (0..<count).map { _ in Double.random(in: 0..<1, using: &rng) }
    }
}
