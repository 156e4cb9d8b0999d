import Control
import Core
import Namespace
import Objects

/// Looks at where the pieces of a segment are, for people.
struct SegmentInspection: Sendable {
    let mesh: MeshService
    let segments: SegmentServices

    /// - Throws: ``NodeError`` `.notFound` when nobody who can be reached knows the segment.
    func status(of reference: SegmentReference, owner: OwnerIdentity) async throws -> SegmentStatus {
        let id = try SegmentID(reference.id.bytes)
        let code = try SegmentCode(dataCount: Int(reference.k), totalCount: Int(reference.n))
        let grant = try segments.grants.grant(of: owner)
        // What was remembered for reading may be older than the last renewal.
        segments.search.forget(id)
        let known = try await segments.search.find(id, code: code, grant: grant, everything: true)
        let holders = holders(of: known)
        let live = Set(holders.filter(\.alive).map(\.index)).count
        let target = mesh.read { min(code.totalCount, $0.repair.index.candidates.lendingCount) }
        return SegmentStatus(
            segment: id.description,
            k: code.dataCount,
            n: code.totalCount,
            bytes: known.record.layout.paddedByteCount,
            piecesLive: live,
            piecesTarget: max(target, live),
            spare: live - code.dataCount,
            holders: holders,
            worst: Concentrations(
                operator: Self.most(holders.map(\.operator)),
                hosting: Self.most(holders.map(\.hosting)),
                jurisdiction: Self.most(holders.map(\.jurisdiction))
            )
        )
    }

    /// Until when the segment is kept: when the first of its living holders stops.
    ///
    /// - Returns: `nil` when no holder is alive.
    /// - Throws: ``NodeError`` `.notFound` when nobody who can be reached knows the segment.
    func leaseEnd(of reference: SegmentReference, owner: OwnerIdentity) async throws -> Instant? {
        let id = try SegmentID(reference.id.bytes)
        let code = try SegmentCode(dataCount: Int(reference.k), totalCount: Int(reference.n))
        let grant = try segments.grants.grant(of: owner)
        // What was remembered for reading may be older than the last renewal.
        segments.search.forget(id)
        let known = try await segments.search.find(id, code: code, grant: grant, everything: true)
        return mesh.read { state in
            let now = state.mesh.meshNow(Clock.now())
            return known.statements.statements.filter { statement in
                statement.isHolding(now: now)
                    && (statement.node == state.mesh.node || state.mesh.member(statement.node)?.isAlive == true)
            }.map(\.until).min()
        }
    }

    private func holders(of segment: KnownSegment) -> [PieceHolder] {
        let places = segment.places(now: mesh.meshNow)
        return mesh.read { state in
            places.sorted { ($0.piece, $0.node) < ($1.piece, $1.node) }.map { place in
                let member = state.mesh.member(place.node)
                return PieceHolder(
                    index: place.piece,
                    node: place.node.description,
                    operator: member?.operator.description ?? "",
                    hosting: member?.claims.hosting ?? "",
                    jurisdiction: member?.claims.jurisdiction ?? "",
                    alive: place.node == state.mesh.node || member?.isAlive == true
                )
            }
        }
    }

    private static func most(_ names: [String]) -> Concentrations.Concentration? {
        var counts: [String: Int] = [:]
        for name in names { counts[name, default: 0] += 1 }
        return counts.max { ($0.value, $1.key) < ($1.value, $0.key) }.map { .init(name: $0.key, pieces: $0.value) }
    }
}
