import Core
import Objects
import Placement
import Publishing
import Synchronization

/// Finds who holds the pieces of a segment: whoever placement names is asked, and who knows one holder knows the others.
package final class SegmentSearch: Sendable {
    /// Nodes asked at the same time.
    static let batchNodes = 12
    /// Most nodes asked for one segment.
    static let nodesMax = 256
    /// How long one round of questions may take.
    static let roundTimeMax = Duration.seconds(4)
    /// Most segments remembered.
    static let memoryMax = 256

    private let mesh: MeshService
    private let client: PieceClient
    private let memory = Mutex<[SegmentID: KnownSegment]>([:])

    package init(mesh: MeshService, client: PieceClient) {
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
        let now = mesh.meshNow
        let known = memory.withLock { $0[id] }
        if let known, !everything, reach(of: known, now: now) >= Self.sufficient(code) { return known }
        let (likely, unlikely) = order(id, code)
        var found = known
        // Who is dead or silent is worth waiting for only when the others do not have enough.
        for (nodes, needed) in [
            (likely, everything ? code.totalCount : Self.sufficient(code)), (unlikely, code.dataCount),
        ] {
            var rest = nodes[...]
            while !rest.isEmpty, found.map({ reach(of: $0, now: now) < needed }) ?? true {
                let batch = Array(rest.prefix(Self.batchNodes))
                rest = rest.dropFirst(Self.batchNodes)
                found = try await ask(batch, id, grant, after: found, now: now) {
                    self.reach(of: $0, now: now) >= needed
                }
            }
        }
        guard let found else {
            throw NodeError(.notFound, "nobody who can be reached knows the segment \(id)")
        }
        remember(found)
        return found
    }

    /// How many different pieces live nodes say to hold.
    private func reach(of segment: KnownSegment, now: Instant) -> Int {
        let alive = mesh.read { state in
            segment.places(now: now).filter {
                !client.absent.contains($0.node)
                    && (state.mesh.node == $0.node || state.mesh.member($0.node)?.isAlive == true)
            }
        }
        return Set(alive.map(\.piece)).count
    }

    /// With so many pieces in reach nobody is asked for more.
    private static func sufficient(_ code: SegmentCode) -> Int {
        min(code.totalCount, code.dataCount + DownloadMachine.extraDefault)
    }

    /// The nodes that placement names for the pieces of a segment, whether they hold any or not.
    func named(_ id: SegmentID, _ code: SegmentCode) -> [NodeID] {
        Array(mesh.read { Self.placed(id, code, $0) }.prefix(code.totalCount))
    }

    private static func placed(_ id: SegmentID, _ code: SegmentCode, _ state: MeshState) -> [NodeID] {
        let placement = state.repair.index.candidates.placePieces(
            PlacementKey(id.bytes),
            count: code.totalCount,
            perDomainMax: code.totalCount - code.dataCount,
            reserves: code.totalCount
        )
        return placement.chosen + placement.reserves
    }

    /// Whom to ask, first those that placement names; apart from them who will hardly answer.
    private func order(_ id: SegmentID, _ code: SegmentCode) -> (likely: [NodeID], unlikely: [NodeID]) {
        let silent = client.silent.current(now: .now)
        return mesh.read { state in
            let first = Self.placed(id, code, state)
            let named = Set(first)
            let others = ([state.mesh.node] + state.mesh.members.map(\.node)).filter { !named.contains($0) }
            let all = Array((first + others).filter { !client.absent.contains($0) }.prefix(Self.nodesMax))
            let isLikely = { (node: NodeID) in
                node == state.mesh.node || state.mesh.member(node)?.isAlive == true && !silent.contains(node)
            }
            return (all.filter(isLikely), all.filter { !isLikely($0) })
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
        let start = ContinuousClock.now
        return try await withThrowingTaskGroup(of: (NodeID, [HoldersAnswer.Known?]?).self) { group in
            for node in nodes {
                group.addTask {
                    let answer = try? await withDeadline(Self.roundTimeMax) {
                        try await self.client.holders(request, at: node)
                    }
                    return (node, answer)
                }
            }
            var found = known
            var waiting = Set(nodes)
            defer { client.silent.note(unanswered: waiting.map { ($0, start) }, now: .now) }
            for try await (node, answers) in group {
                guard let answers else { continue }
                waiting.remove(node)
                guard let answer = answers.first ?? nil else { continue }
                Self.merge(answer, id, into: &found, now: now)
                guard found.map(isEnough) ?? false else { continue }
                group.cancelAll()
                break
            }
            try Task.checkCancellation()
            return found
        }
    }

    /// Those that hold a piece and say so now, each for itself: what others remember of it does not count.
    func confirmed(_ segment: KnownSegment, grant: [UInt8]?) async throws -> [PiecePlace] {
        let now = mesh.meshNow
        let request = try HoldersRequest(segments: [segment.record.id], grant: grant)
        return await withTaskGroup(of: [PiecePlace].self) { group in
            for node in Set(segment.places(now: now).map(\.node)) {
                group.addTask {
                    let answer = try? await withDeadline(Self.roundTimeMax) {
                        try await self.client.holders(request, at: node)
                    }.first
                    guard let known = answer ?? nil else { return [] }
                    var said = KnownSegment(segment.record)
                    said.merge(known.statements, now: now)
                    return said.places(now: now).filter { $0.node == node }
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
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
