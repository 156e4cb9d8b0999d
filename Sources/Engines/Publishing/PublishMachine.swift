import Core
import Placement

/// The publisher's side of one publish: asks the placed nodes to take a copy, and others when some do not.
///
/// A node that is asked pulls the whole site and answers when it is durable there. The machine ends once, with `placed`
/// when enough copies are durable or nobody is left to ask, or with `failed` when there is not a single copy.
public struct PublishMachine: Sendable {
    public enum Effect: Hashable, Sendable {
        /// Ask this node to hold the site; report `accepted`, `refused`, and `progressed` while it copies.
        case ask(NodeID)
        case placed(Outcome)
        /// Nobody holds a copy; the text says why.
        case failed(String)
        /// Call `tick` at this instant.
        case wake(at: Instant)
    }

    /// Where the copies are.
    public struct Outcome: Hashable, Sendable {
        /// Nodes with a durable copy, this one first if it counts.
        public let nodes: [NodeID]
        public let spread: Spread
        /// Why there are fewer copies than wanted; `nil` when there are not.
        public let reason: String?
    }

    /// How long a node that is asked may be silent unless said otherwise.
    public static let askTimeoutDefault: Duration = .seconds(15)
    /// Refusals that a reason names; more are counted.
    public static let refusalsNamedMax = 3

    private let key: PlacementKey
    private let candidates: CandidateTable
    private let own: NodeID
    private let copies: Int
    private let byteCount: UInt64
    private let askTimeout: Duration
    private let holders: [NodeID]
    private var durable: [NodeID] = []
    private var asked: [NodeID: Instant] = [:]
    private var refusals: [(node: NodeID, reason: String)] = []
    private var isFinished = false

    /// - Parameters:
    ///   - candidates: The mesh; `own` counts as a copy if it is among them and lends space.
    ///   - holders: Who holds an earlier version: preferred, since most of the content may be there.
    public init(
        publisher: PublisherID,
        candidates: CandidateTable,
        own: NodeID,
        holders: [NodeID] = [],
        copies: Int,
        byteCount: UInt64,
        askTimeout: Duration = askTimeoutDefault
    ) {
        key = PlacementKey(publisher.bytes)
        self.candidates = candidates
        self.own = own
        self.copies = min(max(copies, 1), Publication.copiesMax)
        self.byteCount = byteCount
        self.askTimeout = askTimeout
        self.holders = holders.filter { $0 != own && candidates.weight(of: $0) > 0 }
    }

    // MARK: - Events

    /// The site is durable on this node: begin.
    public mutating func start(now: Instant) -> [Effect] {
        if candidates.weight(of: own) > 0 { durable = [own] }
        return proceed(now)
    }

    /// This node has a durable copy now; it counts even when it was given up before.
    public mutating func accepted(_ node: NodeID, now: Instant) -> [Effect] {
        asked[node] = nil
        if !durable.contains(node) { durable.append(node) }
        return proceed(now)
    }

    /// This node is still copying.
    public mutating func progressed(_ node: NodeID, now: Instant) {
        if asked[node] != nil { asked[node] = now + askTimeout }
    }

    /// This node does not take the copy, or could not be reached.
    public mutating func refused(_ node: NodeID, reason: String, now: Instant) -> [Effect] {
        if asked.removeValue(forKey: node) != nil { refusals.append((node, reason)) }
        return proceed(now)
    }

    /// Time has passed.
    public mutating func tick(now: Instant) -> [Effect] {
        for node in asked.filter({ $0.value <= now }).keys.sorted() {
            asked[node] = nil
            refusals.append((node, "no answer for \(askTimeout.wholeMilliseconds) ms"))
        }
        return proceed(now)
    }

    // MARK: - Decisions

    private mutating func proceed(_ now: Instant) -> [Effect] {
        guard !isFinished else { return [] }
        let spread = candidates.spread(of: durable, wanted: copies)
        if spread.copies >= copies { return finish(spread) }
        let refusing = Set(refusals.map(\.node))
        let placement = candidates.place(
            key,
            count: copies,
            firstly: durable + asked.keys,
            keeping: holders.filter { !refusing.contains($0) },
            weightMin: byteCount,
            excluding: refusing
        )
        var effects: [Effect] = []
        for node in placement.chosen where asked[node] == nil && !durable.contains(node) {
            asked[node] = now + askTimeout
            effects.append(.ask(node))
        }
        guard let deadline = asked.values.min() else { return finish(spread) }
        return effects + [.wake(at: deadline)]
    }

    private mutating func finish(_ spread: Spread) -> [Effect] {
        isFinished = true
        guard !durable.isEmpty else { return [.failed("no node took a copy: " + explanation)] }
        let reason = spread.copies < copies ? "\(spread.copies) of \(copies) copies: \(explanation)" : nil
        return [.placed(Outcome(nodes: durable, spread: spread, reason: reason))]
    }

    /// Why there is nobody left to ask.
    private var explanation: String {
        let operators = candidates.operatorCount
        let mesh =
            "\(operators) operator\(operators == 1 ? "" : "s") of this mesh lend\(operators == 1 ? "s" : "") space"
        guard !refusals.isEmpty else {
            return operators < copies ? "only \(mesh)" : "\(mesh), but too few have room for \(byteCount) bytes"
        }
        let named = refusals.prefix(Self.refusalsNamedMax).map { "\($0.node.short) refused (\($0.reason))" }
        let more = refusals.count - named.count
        return mesh + "; " + named.joined(separator: "; ") + (more > 0 ? "; and \(more) more" : "")
    }
}
