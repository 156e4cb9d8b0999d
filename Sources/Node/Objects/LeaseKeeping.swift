import Core
import Logging
import Namespace
import Objects

/// Keeps what the owner of this machine stored: renews leases before they end, and says again what would expire.
struct LeaseKeeping: Sendable {
    /// A lease is renewed when less than this is left of it.
    static let margin = Duration.seconds(30 * 86_400)
    /// How long a renewed lease is.
    static let duration = Duration.seconds(90 * 86_400)
    /// Segments under one renewal.
    static let segmentsPerRenewal = 32
    /// How long the holders are waited for.
    static let spreadingTimeMax = Duration.seconds(10)

    let vault: OwnerVault
    let names: NamespaceService
    let mesh: MeshService
    let segments: SegmentServices
    let inspection: SegmentInspection
    let client: PieceClient
    let logger: Logger

    /// Whether enough others have said what time it is.
    var knowsTheTime: Bool { mesh.read { $0.mesh.certainNow(Clock.now()) != nil } }

    /// Renews what is due; what cannot be renewed now is due again the next time.
    ///
    /// - Returns: Whether all was looked at; otherwise it is tried again soon.
    func keep() async -> Bool {
        guard let owner = vault.identity else { return true }
        do {
            try await names.sayAgain(owner, expiringWithin: Self.margin)
            let (count, isAll) = try await renew(owner)
            if count > 0 { logger.notice("leases were renewed", metadata: ["segments": "\(count)"]) }
            return isAll
        } catch {
            guard !Task.isCancelled else { return false }
            logger.warning("leases could not be renewed; it is tried again", metadata: ["error": "\(error)"])
            return false
        }
    }

    /// - Returns: How many segments' leases were due, and whether all could be looked at.
    private func renew(_ owner: OwnerIdentity) async throws -> (count: Int, isAll: Bool) {
        let (due, isAll) = try await due(owner)
        for start in stride(from: 0, to: due.count, by: Self.segmentsPerRenewal) {
            try Task.checkCancellation()
            try await renew(Array(due[start..<min(start + Self.segmentsPerRenewal, due.count)]), owner)
        }
        return (due.count, isAll)
    }

    /// The segments in use whose leases end soon; those that no holder can be asked about are left for later.
    private func due(_ owner: OwnerIdentity) async throws -> (due: [SegmentReference], isAll: Bool) {
        let snapshot = try await names.snapshot(of: owner)
        let soon = now + Self.margin
        var noted: [Digest: Instant] = [:]
        for entry in snapshot.view.entries {
            guard case .object(let object) = entry.content else { continue }
            for extent in object.extents {
                noted[extent.segment.id] = min(noted[extent.segment.id] ?? entry.leaseEnd, entry.leaseEnd)
            }
        }
        var due: [SegmentReference] = []
        var isAll = true
        for share in snapshot.use.shares {
            try Task.checkCancellation()
            // A lease is never shorter than it was when the segment was stored: holders need not be asked yet.
            if let end = noted[share.segment.id], end > soon { continue }
            guard let end = try? await inspection.leaseEnd(of: share.segment, owner: owner) else {
                isAll = false
                continue
            }
            if end <= soon { due.append(share.segment) }
        }
        return (due, isAll)
    }

    /// Renews some segments, at most ``segmentsPerRenewal``.
    ///
    /// - Parameter until: The new end; `nil` for ``duration`` from now.
    func renew(_ batch: [SegmentReference], _ owner: OwnerIdentity, until: Instant? = nil) async throws {
        let renewal = try LeaseRenewal(
            of: batch.map { try SegmentID($0.id.bytes) },
            until: until ?? now + Self.duration,
            version: UInt64(clamping: now.milliseconds),
            certificate: owner.certificate,
            device: owner.device
        )
        let message = try SyncMessage(statements: [], tombstones: [], renewals: [renewal.bytes], askingAbout: [])
        let grant = try segments.grants.grant(of: owner)
        var nodes: Set<NodeID> = [mesh.node]
        for reference in batch {
            let id = try SegmentID(reference.id.bytes)
            let code = try SegmentCode(dataCount: Int(reference.k), totalCount: Int(reference.n))
            guard let known = try? await segments.search.find(id, code: code, grant: grant, everything: true) else {
                continue
            }
            nodes.formUnion(known.places(now: now).map(\.node))
        }
        let told = nodes
        _ = try? await withDeadline(Self.spreadingTimeMax) {
            await withDiscardingTaskGroup { group in
                for node in told { group.addTask { _ = try? await client.sync(message, with: node) } }
            }
        }
        for id in renewal.segments { segments.search.forget(id) }
    }

    private var now: Instant { mesh.read { $0.mesh.meshNow(Clock.now()) } }
}
