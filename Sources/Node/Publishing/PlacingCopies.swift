import Control
import Core
import Logging
import Publishing

/// Drives the publish engine: asks the nodes that it names, and tells it what they answered.
struct PlacingCopies: Sendable {
    /// How often the engine learns that time has passed.
    static let tickPeriod = Duration.milliseconds(500)

    let mesh: MeshService
    let requests: HoldRequest
    let logger: Logger

    /// - Returns: Where copies are durable now.
    /// - Throws: ``NodeError`` `.mesh` when there is not a single one.
    func place(
        _ record: PublicationRecord,
        progress: @escaping @Sendable (OperationProgress) -> Void
    ) async throws -> PublishMachine.Outcome {
        let machine = mesh.read { state in
            PublishMachine(
                publisher: record.publication.publisher,
                candidates: state.repair.index.candidates,
                own: state.mesh.node,
                holders: state.repair.index.liveHolders(of: record.publication.publisher),
                copies: record.publication.copies,
                byteCount: record.publication.byteCount
            )
        }
        return try await runTransfers(tick: (.tick, Self.tickPeriod)) { node, reports in
            await ask(node, record.bytes, reports)
        } drive: { events, asks in
            try await drive(machine, events, asks, progress)
        }
    }

    private func drive(
        _ start: PublishMachine,
        _ events: AsyncStream<PlacingEvent>,
        _ asks: AsyncStream<NodeID>.Continuation,
        _ progress: @Sendable (OperationProgress) -> Void
    ) async throws -> PublishMachine.Outcome {
        var machine = start
        var outcome = try perform(machine.start(now: Clock.now()), asks)
        if let outcome { return outcome }
        var durable = 1
        for await event in events where outcome == nil {
            let now = Clock.now()
            switch event {
            case .accepted(let node):
                durable += 1
                progress(.init(phase: "placing", unit: .copies, done: durable))
                outcome = try perform(machine.accepted(node, now: now), asks)
            case .progressed(let node):
                machine.progressed(node, now: now)
            case .refused(let node, let reason):
                logger.info("a node took no copy", metadata: ["node": "\(node.short)", "reason": "\(reason)"])
                outcome = try perform(machine.refused(node, reason: reason, now: now), asks)
            case .tick:
                outcome = try perform(machine.tick(now: now), asks)
            }
            if outcome != nil { break }
        }
        guard let outcome else { throw CancellationError() }
        return outcome
    }

    private func perform(
        _ effects: [PublishMachine.Effect],
        _ asks: AsyncStream<NodeID>.Continuation
    ) throws -> PublishMachine.Outcome? {
        var outcome: PublishMachine.Outcome?
        for effect in effects {
            switch effect {
            case .ask(let node): asks.yield(node)
            case .placed(let placed): outcome = placed
            case .failed(let reason): throw NodeError(.mesh, "no node took a copy: \(reason)")
            case .wake: break
            }
        }
        return outcome
    }

    private func ask(_ node: NodeID, _ publication: [UInt8], _ reports: AsyncStream<PlacingEvent>.Continuation) async {
        do {
            try await requests.ask(node, publication: publication, reports: reports)
            reports.yield(.accepted(node))
        } catch {
            reports.yield(.refused(node, "\(error)"))
        }
    }
}

/// What happens while copies are placed.
enum PlacingEvent: Sendable {
    case accepted(NodeID)
    /// The node is still copying.
    case progressed(NodeID)
    case refused(NodeID, String)
    case tick
}
