import Core

/// Fetches enough pieces of one segment, or one range of their units, to rebuild it.
///
/// As many fetches run as pieces are needed, data pieces first, since they need no decoding. A fetch that fails is
/// replaced at once, by another holder of its piece if there is one. For each that takes long one more is started,
/// of another piece if there is one, up to `extra`: the slowest holders do not matter. The machine ends once, with
/// `ready` or `failed`.
public struct DownloadMachine: Sendable {
    public enum Effect: Hashable, Sendable {
        /// Fetch this piece from this node; report `completed`, `failed`, and `progressed` while bytes come.
        case fetch(piece: Int, from: NodeID)
        /// This fetch is not needed any more.
        case cancel(piece: Int, from: NodeID)
        /// These pieces are complete, exactly as many as are needed, by rising index.
        case ready([Int])
        /// Fewer pieces than needed can still come; the text says why.
        case failed(String)
        /// Call `tick` at this instant.
        case wake(at: Instant)
    }

    /// Fetches beyond the needed ones unless said otherwise.
    public static let extraDefault = 2
    /// How long a fetch may take before one more is started, unless said otherwise.
    public static let hedgeDelayDefault: Duration = .milliseconds(500)
    /// How long a holder may be silent before it is given up, unless said otherwise.
    public static let silenceDefault: Duration = .seconds(15)

    private struct Fetch {
        let place: PiecePlace
        /// When it counts as slow.
        let slowAt: Instant
        var deadline: Instant
    }

    private let dataCount: Int
    private let extra: Int
    private let hedgeDelay: Duration
    private let silence: Duration
    /// Pieces to fetch next, in this order; none of them is fetched now.
    private var pending: [Int] = []
    /// Holders of each piece that were not asked, best first.
    private var untried: [Int: [NodeID]] = [:]
    private var running: [Fetch] = []
    private var asked: Set<PiecePlace> = []
    private var complete: Set<Int> = []
    private var refusals = Refusals()
    private var isStarted = false
    private var isFinished = false

    /// - Parameters:
    ///   - dataCount: The pieces that rebuild the segment, from 1.
    ///   - totalCount: All pieces, from `dataCount`.
    ///   - holders: Who holds what, best first; pieces that the code does not have are left out.
    ///   - doubtful: Holders that will hardly answer; a piece that only they hold comes after all others.
    ///   - extra: Fetches beyond the needed ones.
    ///   - hedgeDelay: How long a fetch may take before one more is started.
    ///   - silence: How long a holder may be silent before it is given up.
    public init(
        dataCount: Int,
        totalCount: Int,
        holders: [PiecePlace],
        doubtful: Set<NodeID> = [],
        extra: Int = extraDefault,
        hedgeDelay: Duration = hedgeDelayDefault,
        silence: Duration = silenceDefault
    ) {
        precondition(dataCount >= 1 && dataCount <= totalCount, "a code of \(dataCount) of \(totalCount)")
        self.dataCount = dataCount
        self.extra = max(extra, 0)
        self.hedgeDelay = hedgeDelay
        self.silence = silence
        var seen: Set<PiecePlace> = []
        let likely = holders.filter { !doubtful.contains($0.node) }
        let unlikely = holders.filter { doubtful.contains($0.node) }
        for part in [likely, unlikely] {
            var pieces: [Int] = []
            for place in part where 0..<totalCount ~= place.piece && seen.insert(place).inserted {
                if untried[place.piece] == nil { pieces.append(place.piece) }
                untried[place.piece, default: []].append(place.node)
            }
            pending += pieces.filter { $0 < dataCount } + pieces.filter { $0 >= dataCount }
        }
    }

    // MARK: - Events

    /// Begin.
    public mutating func start(now: Instant) -> [Effect] {
        guard !isStarted else { return [] }
        isStarted = true
        return proceed(now)
    }

    /// This piece is here, verified; it counts even when its fetch was given up.
    public mutating func completed(_ piece: Int, from node: NodeID, now: Instant) -> [Effect] {
        guard asked.contains(PiecePlace(piece: piece, node: node)), !isFinished else { return [] }
        running.removeAll { $0.place == PiecePlace(piece: piece, node: node) }
        guard complete.insert(piece).inserted else { return [] }
        pending.removeAll { $0 == piece }
        untried[piece] = nil
        let effects = cancel { $0.piece == piece }
        return effects + proceed(now)
    }

    /// This holder does not have the piece, sent something else, or could not be reached.
    public mutating func failed(_ piece: Int, from node: NodeID, reason: String, now: Instant) -> [Effect] {
        let place = PiecePlace(piece: piece, node: node)
        guard !isFinished, running.contains(where: { $0.place == place }) else { return [] }
        giveUp(place, reason)
        return proceed(now)
    }

    /// Bytes of this piece still come from this node.
    public mutating func progressed(_ piece: Int, from node: NodeID, now: Instant) {
        let place = PiecePlace(piece: piece, node: node)
        guard let index = running.firstIndex(where: { $0.place == place }) else { return }
        running[index].deadline = now + silence
    }

    /// Time has passed.
    public mutating func tick(now: Instant) -> [Effect] {
        guard isStarted, !isFinished else { return [] }
        var effects: [Effect] = []
        for fetch in running where fetch.deadline <= now {
            effects.append(.cancel(piece: fetch.place.piece, from: fetch.place.node))
            giveUp(fetch.place, "no answer for \(silence.wholeMilliseconds) ms")
        }
        return effects + proceed(now)
    }
}

// MARK: - Decisions

extension DownloadMachine {
    private mutating func giveUp(_ place: PiecePlace, _ reason: String) {
        running.removeAll { $0.place == place }
        refusals.add(place, reason)
        let isFetched = running.contains { $0.place.piece == place.piece }
        if !isFetched, untried[place.piece]?.isEmpty == false { pending.insert(place.piece, at: 0) }
    }

    private mutating func cancel(_ isUseless: (PiecePlace) -> Bool) -> [Effect] {
        let useless = running.map(\.place).filter(isUseless)
        running.removeAll { isUseless($0.place) }
        return useless.map { .cancel(piece: $0.piece, from: $0.node) }
    }

    private mutating func proceed(_ now: Instant) -> [Effect] {
        let needed = dataCount - complete.count
        guard needed > 0 else {
            isFinished = true
            return cancel { _ in true } + [.ready(complete.sorted())]
        }
        guard Set(running.map(\.place.piece)).count + pending.count >= needed else {
            isFinished = true
            let text = "only \(complete.count) of \(dataCount) needed pieces came"
            return cancel { _ in true } + [.failed(refusals.explain(text))]
        }
        var effects: [Effect] = []
        while Set(running.map(\.place.piece)).count < needed, let place = nextPending() {
            effects.append(fetch(place, now))
        }
        let hedges = min(extra, running.count { $0.slowAt <= now })
        while running.count < needed + hedges, let place = nextPending() ?? nextHolder(now) {
            effects.append(fetch(place, now))
        }
        return effects + wake(now)
    }

    /// The next piece that is not fetched, from its best holder.
    private mutating func nextPending() -> PiecePlace? {
        guard !pending.isEmpty else { return nil }
        return untriedPlace(of: pending.removeFirst())
    }

    /// Another holder of a piece that takes long.
    private mutating func nextHolder(_ now: Instant) -> PiecePlace? {
        let slow = running.filter { $0.slowAt <= now }.map(\.place.piece)
        guard let piece = slow.first(where: { untried[$0]?.isEmpty == false }) else { return nil }
        return untriedPlace(of: piece)
    }

    private mutating func untriedPlace(of piece: Int) -> PiecePlace? {
        guard var nodes = untried[piece], !nodes.isEmpty else { return nil }
        let node = nodes.removeFirst()
        untried[piece] = nodes
        return PiecePlace(piece: piece, node: node)
    }

    private mutating func fetch(_ place: PiecePlace, _ now: Instant) -> Effect {
        running.append(Fetch(place: place, slowAt: now + hedgeDelay, deadline: now + silence))
        asked.insert(place)
        return .fetch(piece: place.piece, from: place.node)
    }

    private func wake(_ now: Instant) -> [Effect] {
        let instants = running.flatMap { $0.slowAt > now ? [$0.slowAt, $0.deadline] : [$0.deadline] }
        return instants.min().map { [.wake(at: $0)] } ?? []
    }
}
