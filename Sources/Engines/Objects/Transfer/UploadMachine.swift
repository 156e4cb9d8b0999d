import Core

/// Brings the pieces of one segment to nodes: each to its candidate, and to a reserve when that one does not take it.
///
/// The writer is told once when enough pieces are durable, and once at the end: with `finished` when every piece has
/// a node or nobody is left to ask, or with `failed` as soon as too few pieces can become durable. A node gets one
/// piece only, so that its loss costs one; `allowsSeveral` lifts that for a mesh with fewer nodes than pieces.
public struct UploadMachine: Sendable {
    public enum Effect: Hashable, Sendable {
        /// Send this piece to this node; report `stored`, `refused`, and `progressed` while bytes go out.
        case send(piece: Int, to: NodeID)
        /// Enough pieces are durable: the writer may rely on the segment.
        case acknowledged
        case finished(Outcome)
        /// Too few pieces can become durable; the text says why.
        case failed(String)
        /// Call `tick` at this instant.
        case wake(at: Instant)
    }

    /// Where the pieces are.
    public struct Outcome: Hashable, Sendable {
        /// The durable pieces by rising index.
        public let placed: [PiecePlace]
        /// The pieces that no node took, by rising index: the debt.
        public let missing: [Int]
        /// Why pieces are missing; `nil` when none is.
        public let reason: String?
    }

    /// How long a node may be silent unless said otherwise.
    public static let silenceDefault: Duration = .seconds(15)

    private enum State {
        /// Without a node so far.
        case waiting
        case asked(NodeID, deadline: Instant)
        case durable(NodeID)
    }

    private let acknowledgedAt: Int
    private let allowsSeveral: Bool
    private let silence: Duration
    private let candidates: [NodeID]
    private var reserves: [NodeID]
    private var pieces: [State]
    /// Every request so far: an answer counts only for what was asked.
    private var requests: Set<PiecePlace> = []
    /// Nodes that were asked or hold a piece already.
    private var used: Set<NodeID> = []
    /// Nodes that refused or fell silent: they are asked for nothing further.
    private var lost: Set<NodeID> = []
    private var refusals = Refusals()
    private var isAcknowledged = false
    private var isStarted = false
    private var isFinished = false

    /// - Parameters:
    ///   - candidates: One node per piece in order of the index; pieces beyond its end take reserves.
    ///   - reserves: Further nodes, best first.
    ///   - dataCount: The pieces that rebuild the segment, from 1.
    ///   - totalCount: All pieces, from `dataCount`.
    ///   - acknowledgedAt: Durable pieces at which the writer is told; by default ``threshold(dataCount:totalCount:)``.
    ///   - durable: Pieces that are durable already, from an upload that was interrupted.
    ///   - allowsSeveral: Whether a node may hold several pieces, since the mesh has fewer nodes than pieces.
    ///   - silence: How long a node may be silent before it is given up.
    public init(
        candidates: [NodeID],
        reserves: [NodeID],
        dataCount: Int,
        totalCount: Int,
        acknowledgedAt: Int? = nil,
        durable: [PiecePlace] = [],
        allowsSeveral: Bool = false,
        silence: Duration = silenceDefault
    ) {
        precondition(dataCount >= 1 && dataCount <= totalCount, "a code of \(dataCount) of \(totalCount)")
        let threshold = acknowledgedAt ?? Self.threshold(dataCount: dataCount, totalCount: totalCount)
        self.acknowledgedAt = min(max(threshold, dataCount), totalCount)
        self.allowsSeveral = allowsSeveral
        self.silence = silence
        self.candidates = candidates
        // The candidate of a piece that is durable elsewhere is as good as any reserve.
        self.reserves = reserves + candidates
        pieces = Array(repeating: .waiting, count: totalCount)
        for place in durable where pieces.indices.contains(place.piece) {
            guard case .waiting = pieces[place.piece], allowsSeveral || !used.contains(place.node) else { continue }
            pieces[place.piece] = .durable(place.node)
            used.insert(place.node)
        }
    }

    /// The durable pieces at which a writer may rely on a segment: `dataCount` and a third of all, rounded up.
    public static func threshold(dataCount: Int, totalCount: Int) -> Int {
        min(dataCount + (totalCount + 2) / 3, totalCount)
    }

    /// The durable pieces by rising index; what an interrupted or failed upload hands to the next one.
    public var durable: [PiecePlace] {
        pieces.enumerated().compactMap { piece, state in
            if case .durable(let node) = state { PiecePlace(piece: piece, node: node) } else { nil }
        }
    }

    // MARK: - Events

    /// The pieces are there: begin.
    public mutating func start(now: Instant) -> [Effect] {
        guard !isStarted else { return [] }
        isStarted = true
        var effects: [Effect] = []
        for (piece, node) in zip(pieces.indices, candidates) where isFree(piece) {
            if allowsSeveral || !used.contains(node) { effects.append(ask(node, for: piece, now)) }
        }
        return effects + proceed(now)
    }

    /// This node holds this piece durably; it counts even when the node was given up, unless another was first.
    public mutating func stored(_ piece: Int, by node: NodeID, now: Instant) -> [Effect] {
        guard requests.contains(PiecePlace(piece: piece, node: node)), !isFinished else { return [] }
        if case .durable = pieces[piece] { return [] }
        pieces[piece] = .durable(node)
        return proceed(now)
    }

    /// This node does not take this piece, or could not be reached.
    public mutating func refused(_ piece: Int, by node: NodeID, reason: String, now: Instant) -> [Effect] {
        guard isAsked(node, for: piece), !isFinished else { return [] }
        giveUp(node, for: piece, reason)
        return proceed(now)
    }

    /// Bytes of this piece still go to this node.
    public mutating func progressed(_ piece: Int, by node: NodeID, now: Instant) {
        if isAsked(node, for: piece) { pieces[piece] = .asked(node, deadline: now + silence) }
    }

    /// Time has passed.
    public mutating func tick(now: Instant) -> [Effect] {
        guard isStarted, !isFinished else { return [] }
        for (piece, state) in pieces.enumerated() {
            guard case .asked(let node, let deadline) = state, deadline <= now else { continue }
            giveUp(node, for: piece, "no answer for \(silence.wholeMilliseconds) ms")
        }
        return proceed(now)
    }
}

// MARK: - Decisions

extension UploadMachine {
    private func isFree(_ piece: Int) -> Bool {
        if case .waiting = pieces[piece] { true } else { false }
    }

    private func isAsked(_ node: NodeID, for piece: Int) -> Bool {
        guard pieces.indices.contains(piece), case .asked(node, _) = pieces[piece] else { return false }
        return true
    }

    private mutating func ask(_ node: NodeID, for piece: Int, _ now: Instant) -> Effect {
        pieces[piece] = .asked(node, deadline: now + silence)
        requests.insert(PiecePlace(piece: piece, node: node))
        used.insert(node)
        return .send(piece: piece, to: node)
    }

    private mutating func giveUp(_ node: NodeID, for piece: Int, _ reason: String) {
        pieces[piece] = .waiting
        lost.insert(node)
        refusals.add(PiecePlace(piece: piece, node: node), reason)
    }

    private mutating func proceed(_ now: Instant) -> [Effect] {
        var effects: [Effect] = []
        for piece in pieces.indices where isFree(piece) {
            guard let node = nextNode() else { break }
            effects.append(ask(node, for: piece, now))
        }
        let placed = durable
        if placed.count >= acknowledgedAt, !isAcknowledged {
            isAcknowledged = true
            effects.append(.acknowledged)
        }
        let deadlines = pieces.compactMap { if case .asked(_, let deadline) = $0 { deadline } else { nil } }
        if placed.count + deadlines.count < acknowledgedAt, !mayReuse {
            isFinished = true
            return [.failed(refusals.explain("\(placed.count) of \(acknowledgedAt) needed pieces found a node"))]
        }
        if let deadline = deadlines.min() { return effects + [.wake(at: deadline)] }
        isFinished = true
        return effects + [.finished(outcome(placed))]
    }

    /// The next reserve that was not asked; with `allowsSeveral`, then the node with the fewest pieces.
    private mutating func nextNode() -> NodeID? {
        while !reserves.isEmpty {
            let node = reserves.removeFirst()
            if !used.contains(node) { return node }
        }
        guard allowsSeveral else { return nil }
        let loads = loads.filter { !lost.contains($0.key) }
        return loads.min { ($0.value, $0.key) < ($1.value, $1.key) }?.key
    }

    /// Pieces that each node holds or was asked for now; only nodes that hold one.
    private var loads: [NodeID: Int] {
        var loads: [NodeID: Int] = [:]
        for place in durable { loads[place.node, default: 0] += 1 }
        for case .asked(let node, _) in pieces where loads[node] != nil { loads[node, default: 0] += 1 }
        return loads
    }

    /// Whether a node that is still asked may take more pieces once it has proven to take one.
    private var mayReuse: Bool {
        guard allowsSeveral else { return false }
        return pieces.contains { if case .asked(let node, _) = $0 { !lost.contains(node) } else { false } }
    }

    private func outcome(_ placed: [PiecePlace]) -> Outcome {
        let holding = Set(placed.map(\.piece))
        let missing = pieces.indices.filter { !holding.contains($0) }
        let reason = "\(placed.count) of \(pieces.count) pieces found a node"
        return Outcome(placed: placed, missing: missing, reason: missing.isEmpty ? nil : refusals.explain(reason))
    }
}
