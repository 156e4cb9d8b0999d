import Core
import Logging
import NIOCore
import Objects

/// Reads ranges of a segment's ciphertext from whoever holds its pieces.
package struct SegmentReader: Sendable {
    /// How often the engine learns that time has passed.
    static let tickPeriod = Duration.milliseconds(100)

    /// Fetches beyond the needed ones, for slow holders.
    static let extraFetches = 4
    /// How long a holder may be silent before another one is asked.
    static let silenceMax = Duration.seconds(8)

    let client: PieceClient
    let mesh: MeshService
    let coders: CoderCache
    let work: BlockingWork
    let logger: Logger

    package init(client: PieceClient, mesh: MeshService, coders: CoderCache, work: BlockingWork, logger: Logger) {
        self.client = client
        self.mesh = mesh
        self.coders = coders
        self.work = work
        self.logger = logger
    }

    private enum Event: Sendable {
        case completed(PiecePlace, ByteBuffer)
        case failed(PiecePlace, String)
        case tick
    }

    /// The bytes of `range`, every one verified against the segment's record.
    ///
    /// - Parameter grant: The owner's permission, `nil` for a holder that rebuilds pieces.
    /// - Throws: ``NodeError`` `.mesh` when too few pieces can be reached.
    package func read(_ range: Range<Int>, of segment: KnownSegment, grant: [UInt8]?) async throws -> ByteBuffer {
        let layout = segment.record.layout
        let needs = layout.needs(of: range)
        guard let first = needs.first?.stripe, let last = needs.last?.stripe else { return ByteBuffer() }
        let units = first..<(last + 1)
        let pieces = try await fetch(units, of: segment, grant: grant)
        let coder = try coders.coder(layout.code)
        return try await work.run {
            try PieceAssembly(layout: layout, units: units, pieces: pieces, coder: coder).bytes(of: range)
        }
    }

    /// Any k pieces, as far as `units` go.
    func fetch(_ units: Range<Int>, of segment: KnownSegment, grant: [UInt8]?) async throws -> [Int: ByteBuffer] {
        let code = segment.record.code
        let (holders, doubtful) = order(segment.places(now: mesh.meshNow))
        let start = DownloadMachine(
            dataCount: code.dataCount,
            totalCount: code.totalCount,
            holders: holders,
            doubtful: doubtful,
            extra: Self.extraFetches,
            silence: Self.silenceMax
        )
        return try await runTransfers(tick: (.tick, Self.tickPeriod)) { place, reports in
            await fetch(place, units, segment.record, grant, reports)
        } drive: { events, orders in
            try await drive(start, events, orders, segment.record.id)
        }
    }

    /// This node itself comes first, then who is alive; who is not, or was silent just now, is doubtful.
    private func order(_ places: [PiecePlace]) -> (holders: [PiecePlace], doubtful: Set<NodeID>) {
        let unanswering = client.silent.current(now: .now)
        return mesh.read { state in
            func rank(_ node: NodeID) -> Int {
                if node == state.mesh.node { return 0 }
                return switch state.mesh.member(node)?.observation.status {
                case .alive: unanswering.contains(node) ? 2 : 1
                case .unheard, .suspect: 3
                case .dead, nil: 4
                }
            }
            let ranked = places.filter { !client.absent.contains($0.node) }.map { (rank: rank($0.node), place: $0) }
                .sorted { ($0.rank, $0.place.piece) < ($1.rank, $1.place.piece) }
            return (ranked.map(\.place), Set(ranked.filter { $0.rank > 1 }.map(\.place.node)))
        }
    }

    private func drive(
        _ start: DownloadMachine,
        _ events: AsyncStream<Event>,
        _ orders: AsyncStream<PiecePlace>.Continuation,
        _ id: SegmentID
    ) async throws -> [Int: ByteBuffer] {
        var machine = start
        var pieces: [Int: ByteBuffer] = [:]
        var asked: [PiecePlace: ContinuousClock.Instant] = [:]
        func perform(_ effects: [DownloadMachine.Effect]) throws -> [Int: ByteBuffer]? {
            for effect in effects {
                switch effect {
                case .fetch(let piece, let node):
                    let place = PiecePlace(piece: piece, node: node)
                    asked[place] = .now
                    orders.yield(place)
                case .ready(let ready):
                    client.silent.note(unanswered: asked.map { ($0.key.node, $0.value) }, now: .now)
                    return pieces.filter { ready.contains($0.key) }
                case .failed(let reason):
                    client.silent.note(unanswered: asked.map { ($0.key.node, $0.value) }, now: .now)
                    throw NodeError(.mesh, "the segment \(id) cannot be read: \(reason)")
                case .cancel, .wake: break
                }
            }
            return nil
        }
        if let ready = try perform(machine.start(now: Clock.now())) { return ready }
        for await event in events {
            let now = Clock.now()
            let effects: [DownloadMachine.Effect]
            switch event {
            case .completed(let place, let bytes):
                asked[place] = nil
                client.silent.note(answered: place.node)
                pieces[place.piece] = bytes
                effects = machine.completed(place.piece, from: place.node, now: now)
            case .failed(let place, let reason):
                asked[place] = nil
                effects = machine.failed(place.piece, from: place.node, reason: reason, now: now)
            case .tick: effects = machine.tick(now: now)
            }
            if let ready = try perform(effects) { return ready }
        }
        throw CancellationError()
    }

    private func fetch(
        _ place: PiecePlace,
        _ units: Range<Int>,
        _ record: SegmentRecord,
        _ grant: [UInt8]?,
        _ reports: AsyncStream<Event>.Continuation
    ) async {
        do {
            let read = try PieceRead(
                piece: PieceID(segment: record.id, index: place.piece),
                units: units,
                grant: grant
            )
            reports.yield(.completed(place, try await client.read(read, of: record, from: place.node)))
        } catch {
            if !Task.isCancelled {
                logger.debug("a piece did not come", metadata: ["node": "\(place.node.short)", "error": "\(error)"])
            }
            reports.yield(.failed(place, "\(error)"))
        }
    }
}
