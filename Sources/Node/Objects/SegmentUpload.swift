import Core
import Logging
import NIOCore
import Objects
import Synchronization

/// Brings the pieces of one segment to the nodes that shall hold them.
struct SegmentUpload: Sendable {
    /// Units per request: half a megabyte, so that thirty requests at once stay small.
    static let unitsPerPart = 8
    /// How often the engine learns that time has passed.
    static let tickPeriod = Duration.milliseconds(500)

    let record: SegmentRecord
    let coding: SegmentCoding
    let client: PieceClient
    let work: BlockingWork
    let logger: Logger

    /// What happened to pieces on their way.
    private enum Event: Sendable {
        case stored(Int, NodeID, PieceStatement?)
        case refused(Int, NodeID, String)
        case progressed(Int, NodeID)
        case tick
    }

    /// A segment that was uploaded, as far as the mesh could take it.
    struct Outcome: Sendable {
        let placed: [PiecePlace]
        let statements: [PieceStatement]
        /// Why there are fewer pieces than wanted; `nil` when there are not.
        let reason: String?
    }

    /// Returns when every piece is durable or has nowhere to go.
    ///
    /// - Parameter acknowledged: Called once, when so many pieces are durable that a third of all may vanish.
    /// - Throws: ``NodeError`` `.mesh` when too few nodes took a piece.
    func run(_ start: UploadMachine, acknowledged: @escaping @Sendable ([PieceStatement]) -> Void) async throws
        -> Outcome
    {
        try await runTransfers(tick: (.tick, Self.tickPeriod)) { place, reports in
            await send(place, reports)
        } drive: { events, orders in
            try await drive(start, events, orders, acknowledged)
        }
    }

    private func drive(
        _ start: UploadMachine,
        _ events: AsyncStream<Event>,
        _ orders: AsyncStream<PiecePlace>.Continuation,
        _ acknowledged: @Sendable ([PieceStatement]) -> Void
    ) async throws -> Outcome {
        var machine = start
        var statements: [PieceStatement] = []
        func perform(_ effects: [UploadMachine.Effect]) throws -> Outcome? {
            for effect in effects {
                switch effect {
                case .send(let piece, let node): orders.yield(PiecePlace(piece: piece, node: node))
                case .acknowledged: acknowledged(statements)
                case .failed(let reason): throw NodeError(.mesh, "a segment could not be stored: \(reason)")
                case .finished(let outcome):
                    return Outcome(placed: outcome.placed, statements: statements, reason: outcome.reason)
                case .wake: break
                }
            }
            return nil
        }
        if let outcome = try perform(machine.start(now: Clock.now())) { return outcome }
        for await event in events {
            let now = Clock.now()
            let effects: [UploadMachine.Effect]
            switch event {
            case .stored(let piece, let node, let statement):
                if let statement { statements.append(statement) }
                effects = machine.stored(piece, by: node, now: now)
            case .refused(let piece, let node, let reason):
                logger.info("a node took no piece", metadata: ["node": "\(node.short)", "reason": "\(reason)"])
                effects = machine.refused(piece, by: node, reason: reason, now: now)
            case .progressed(let piece, let node):
                machine.progressed(piece, by: node, now: now)
                effects = []
            case .tick: effects = machine.tick(now: now)
            }
            if let outcome = try perform(effects) { return outcome }
        }
        throw CancellationError()
    }

    /// Sends one piece, part by part, from where the node wants it to go on.
    private func send(_ place: PiecePlace, _ reports: AsyncStream<Event>.Continuation) async {
        do {
            var unit = 0
            while true {
                let part = try await part(of: place.piece, from: unit)
                let answer = try await client.store(part, at: place.node)
                switch answer.state {
                case .stored, .hadAlready:
                    let statement = try answer.statement.map { try PieceStatement(decoding: $0) }
                    guard let statement, statement.node == place.node, statement.segment == record.id,
                        statement.index == place.piece
                    else { throw NodeError(.mesh, "the node did not state that it holds the piece") }
                    reports.yield(.stored(place.piece, place.node, statement))
                    return
                case .wantsMore:
                    guard answer.nextUnit < record.layout.unitCount, answer.nextUnit != unit else {
                        throw NodeError(.mesh, "the node wants unit \(answer.nextUnit) after unit \(unit)")
                    }
                    unit = answer.nextUnit
                    reports.yield(.progressed(place.piece, place.node))
                }
            }
        } catch {
            reports.yield(.refused(place.piece, place.node, "\(error)"))
        }
    }

    private func part(of piece: Int, from first: Int) async throws -> ByteBuffer {
        let layout = record.layout
        let units = first..<min(first + Self.unitsPerPart, layout.unitCount)
        let head = StorePart.head(
            piece: PieceID(segment: record.id, index: piece),
            firstUnit: first,
            pieceByteCount: layout.pieceByteCount,
            record: first == 0 ? record.bytes : nil
        )
        let coding = coding
        return try await work.run {
            var body = ByteBufferAllocator().buffer(capacity: head.count + units.count * SegmentLayout.unitBytesMax)
            body.writeBytes(head)
            try coding.write(units, ofPiece: piece, into: &body)
            return body
        }
    }
}
