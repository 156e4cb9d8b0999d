import Core
import Objects
import Placement
import Publishing
import Synchronization

/// Finds who holds the pieces of a segment: whoever placement names is asked, and who knows one holder knows the others.
final class SegmentSearch: Sendable {
    /// Nodes asked at the same time.
    static let batchNodes = 12
    /// Most nodes asked for one segment.
    static let nodesMax = 256
    /// How long one round of questions may take.
    static let roundTimeMax = Duration.seconds(4)
    /// Most segments remembered.
    static let memoryMax = 1_024

    private let mesh: MeshService
    private let client: PieceClient
    private let memory = Mutex<[SegmentID: KnownSegment]>([:])

    init(mesh: MeshService, client: PieceClient) {
        self.mesh = mesh
        self.client = client
    }

    /// What an upload made known.
    func remember(_ segment: KnownSegment) {
        memory.withLock { memory in
            if memory.count >= Self.memoryMax { memory = [:] }
            memory[segment.record.id] = segment
        }
    }

    func forget(_ id: SegmentID) {
        memory.withLock { _ = $0.removeValue(forKey: id) }
    }

    /// The segment and enough of its holders to read it.
    ///
    /// - Parameters:
    ///   - code: The code that whoever stored it noted.
    ///   - grant: The owner's permission, `nil` for a holder that asks its fellows.
    ///   - everything: Whether to go on until every piece has a holder.
    /// - Throws: ``NodeError`` `.notFound` when nobody knows the segment.
    func find(
        _ id: SegmentID,
        code: SegmentCode,
        grant: [UInt8]?,
        everything: Bool = false
    ) async throws -> KnownSegment {
        let now = Clock.now()
        let known = memory.withLock { $0[id] }
        if let known, !everything, isEnough(known, of: code, everything, now: now) { return known }
        var found = known
        var nodes = order(id, code)[...]
        while !nodes.isEmpty, !(found.map { isEnough($0, of: code, everything, now: now) } ?? false) {
            let batch = Array(nodes.prefix(Self.batchNodes))
            nodes = nodes.dropFirst(Self.batchNodes)
            found = try await ask(batch, id, grant, after: found, now: now) {
                self.isEnough($0, of: code, everything, now: now)
            }
        }
        guard let found else {
            throw NodeError(.notFound, "nobody who can be reached knows the segment \(id)")
        }
        remember(found)
        return found
    }

    /// Whether different live nodes say to hold enough pieces.
    private func isEnough(_ segment: KnownSegment, of code: SegmentCode, _ everything: Bool, now: Instant) -> Bool {
        let alive = mesh.read { state in
            segment.places(now: now).filter {
                state.mesh.node == $0.node || state.mesh.member($0.node)?.isAlive == true
            }
        }
        let pieces = Set(alive.map(\.piece)).count
        return pieces
            >= (everything ? code.totalCount : min(code.totalCount, code.dataCount + DownloadMachine.extraDefault))
    }

    /// Whom to ask, first those that placement names; who is not alive comes last.
    private func order(_ id: SegmentID, _ code: SegmentCode) -> [NodeID] {
        mesh.read { state in
            let placement = state.repair.index.candidates.placePieces(
                PlacementKey(id.bytes),
                count: code.totalCount,
                perDomainMax: code.totalCount - code.dataCount,
                reserves: code.totalCount
            )
            let first = placement.chosen + placement.reserves
            let others = ([state.mesh.node] + state.mesh.members.map(\.node)).filter { !Set(first).contains($0) }
            let all = Array((first + others).prefix(Self.nodesMax))
            let isAlive = { (node: NodeID) in node == state.mesh.node || state.mesh.member(node)?.isAlive == true }
            return all.filter(isAlive) + all.filter { !isAlive($0) }
        }
    }

    /// Asks nodes at once, and waits no longer than until what they said is enough.
    private func ask(
        _ nodes: [NodeID],
        _ id: SegmentID,
        _ grant: [UInt8]?,
        after known: KnownSegment?,
        now: Instant,
        isEnough: (KnownSegment) -> Bool
    ) async throws -> KnownSegment? {
        let request = try HoldersRequest(segments: [id], grant: grant)
        return try await withThrowingTaskGroup(of: HoldersAnswer.Known?.self) { group in
            for node in nodes {
                group.addTask {
                    try? await withDeadline(Self.roundTimeMax) {
                        try await self.client.holders(request, at: node)
                    }.first ?? nil
                }
            }
            var found = known
            for try await answer in group {
                guard let answer else { continue }
                Self.merge(answer, id, into: &found, now: now)
                guard found.map(isEnough) ?? false else { continue }
                group.cancelAll()
                break
            }
            try Task.checkCancellation()
            return found
        }
    }

    private static func merge(
        _ answer: HoldersAnswer.Known,
        _ id: SegmentID,
        into found: inout KnownSegment?,
        now: Instant
    ) {
        if found == nil {
            guard let record = try? SegmentRecord(decoding: answer.record), record.id == id else { return }
            found = KnownSegment(record)
        }
        found?.merge(answer.statements, now: now)
    }
}
