import Control
import Core
import Logging
import NIOCore
import Objects
import PieceStore
import Placement
import Publishing

/// Moves what this node holds to others before it leaves.
///
/// A piece moves to a node that holds none of its segment; where there is none it may go with this node, as long as what is
/// left of the segment would still be acknowledged. A site copy moves where no other operator has one to spare.
struct Departure: Sendable {
    /// Segments that are looked at at a time.
    static let batch = 256

    let desk: PieceDesk
    let rebuild: SegmentRebuild
    let requests: HoldRequest
    let held: HeldSites
    let logger: Logger
    let progress: @Sendable (OperationProgress) -> Void

    private var mesh: MeshService { desk.mesh }

    func leave() async throws -> ExitResult {
        desk.refuseNew(true)
        do {
            var result = ExitResult(piecesMoved: 0, copiesMoved: 0)
            try await movePieces(&result)
            try await moveCopies(&result)
            if !result.left.isEmpty { desk.refuseNew(false) }
            return result
        } catch {
            desk.refuseNew(false)
            throw error
        }
    }

    // MARK: - Pieces

    private func movePieces(_ result: inout ExitResult) async throws {
        var last: Digest?
        while true {
            let after = last
            let segments = try await desk.work.run { try desk.store.heldSegments(after: after, limit: Self.batch) }
            guard let end = segments.last else { return }
            last = end
            for segment in segments {
                try Task.checkCancellation()
                for index in try await desk.work.run({ try desk.store.pieces(of: segment) }) {
                    do {
                        if try await move(PieceID(segment: SegmentID(segment), index: index)) {
                            result.piecesMoved += 1
                        }
                        progress(.init(phase: "moving", unit: .pieces, done: result.piecesMoved))
                    } catch let error as NodeError {
                        result.left.append("piece \(index) of \(SegmentID(segment)): \(error.message)")
                    }
                }
            }
        }
    }

    /// - Returns: Whether another node holds the piece now; `false` where the segment can do without it.
    /// - Throws: ``NodeError`` when it must not go, and nobody takes it.
    private func move(_ piece: PieceID) async throws -> Bool {
        let (record, statements) = try await desk.work.run {
            (try desk.record(of: piece.segment), try desk.statements(of: piece.segment))
        }
        let now = desk.meshNow
        let others = statements.filter { $0.node != mesh.node && $0.isHolding(now: now) }
        let (targets, live) = mesh.read { state in
            let candidates = state.repair.index.candidates
            let holders = others.map(\.node)
            let placement = candidates.placePieces(
                PlacementKey(piece.segment.bytes),
                count: holders.count + 1,
                perDomainMax: record.code.totalCount - record.code.dataCount,
                keeping: holders,
                reserves: 8,
                weightMin: UInt64(record.layout.pieceByteCount),
                excluding: [state.mesh.node]
            )
            let alive = others.filter { state.mesh.member($0.node)?.isAlive == true }
            let isTwin = alive.contains { $0.index == piece.index }
            return (isTwin ? [] : placement.added + placement.reserves, Set(alive.map(\.index)))
        }
        for target in targets {
            let outcome = try? await rebuild.copy(piece, of: record, to: target)
            guard let statement = outcome else { continue }
            try await rebuild.announce([statement], known: statements, of: record)
            return true
        }
        guard live.subtracting([piece.index]).count >= record.code.acknowledgedAt || live.contains(piece.index) else {
            throw NodeError(.mesh, "only \(live.count) others are left of it, and no other node takes it")
        }
        return false
    }

    // MARK: - Sites

    private func moveCopies(_ result: inout ExitResult) async throws {
        for site in try held.load() {
            try Task.checkCancellation()
            let found = mesh.read { state -> (bytes: [UInt8], targets: [NodeID], others: Int)? in
                guard let publication = state.repair.index.publication(of: site.publisher), publication.root != nil,
                    let bytes = state.mesh.record(RecordKey(kind: .publication, subject: site.publisher.bytes))
                else { return nil }
                let others = state.repair.index.liveHolders(of: site.publisher).filter { $0 != state.mesh.node }
                let placement = state.repair.index.candidates.place(
                    PlacementKey(site.publisher.bytes),
                    count: publication.copies,
                    keeping: others,
                    reserves: 4,
                    excluding: [state.mesh.node]
                )
                return (bytes, placement.added + placement.reserves, others.count)
            }
            guard let found else { continue }
            if try await place(found.bytes, on: found.targets) {
                result.copiesMoved += 1
                progress(.init(phase: "moving", unit: .copies, done: result.copiesMoved))
            } else if found.others == 0 {
                result.left.append("the only copy of \(site.publisher): no other node takes it")
            }
        }
    }

    private func place(_ publication: [UInt8], on targets: [NodeID]) async throws -> Bool {
        for target in targets {
            do {
                try await requests.ask(target, publication: publication)
                return true
            } catch {
                try Task.checkCancellation()
                logger.info("a node took no copy", metadata: ["node": "\(target.short)", "reason": "\(error)"])
            }
        }
        return false
    }
}
