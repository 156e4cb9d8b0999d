import Core
import Drill
import Mesh
import Namespace
import Objects
import Placement
import Publishing

/// What this user published and stored, and who says to hold it, as the nodes that are left know it.
struct DrillSurvey: Sendable {
    /// A published site.
    struct Site: Sendable {
        let publisher: PublisherID
        let label: String
        let byteCount: UInt64
        /// All versions that are kept, newest first.
        let roots: [CID]
        /// `nil` without one of all versions.
        let floor: SiteFloor?
        /// Nodes with a whole copy that are not dead.
        let copies: [NodeID]
    }

    /// What the names are called in a table.
    static let namesTitle = "(names)"
    /// Segments that are asked about at the same time.
    private static let searchesMax = 4

    /// Items by number: sites, then the names if there are any, then the entries.
    private(set) var inventory = Inventory()
    /// Nodes that were not asked.
    let absent: Set<NodeID>
    let sites: [Site]
    let owner: OwnerIdentity?
    let entries: [NamespaceEntry]
    /// Why the names cannot be read through what is left.
    let namesFailure: String?
    /// Segments that nobody who was asked knows.
    private(set) var unknownSegments = 0

    /// Whether anything private was ever stored; an owner may have nothing but floors of sites.
    let hasNames: Bool

    /// Number of the first object.
    var firstObject: Int { sites.count + (hasNames ? 1 : 0) }
    /// Number of the names.
    var namesNumber: Int? { hasNames ? sites.count : nil }

    /// - Parameter segmentsDone: Called with the segments that were asked about, and all.
    /// - Throws: ``NodeError`` and what the stores of this node throw.
    init(_ parts: NodeParts, through reach: DrillReach, segmentsDone: @Sendable (Int, Int) -> Void) async throws {
        absent = reach.absent
        sites = try Self.sites(parts)
        owner = parts.objects.vault.identity
        var nameSegments: [SegmentReference] = []
        if let owner {
            let (snapshot, failure) = try await Self.names(of: owner, parts, reach)
            entries = snapshot.view.entries
            nameSegments = snapshot.nameSegments
            namesFailure = failure
        } else {
            entries = []
            namesFailure = nil
        }
        hasNames = !nameSegments.isEmpty
        var references: [Digest: SegmentReference] = [:]
        for segment in nameSegments { references[segment.id] = segment }
        for entry in entries {
            if case .object(let object) = entry.content {
                for extent in object.extents { references[extent.segment.id] = extent.segment }
            }
        }
        let grant = try owner.map { try reach.segments.grants.grant(of: $0) }
        let floors = try sites.compactMap(\.floor).flatMap(\.segments).map { try $0.reference }
        let all = references.values.map { ($0, grant) } + floors.map { ($0, nil) }
        let found = try await Self.holders(of: all, reach, now: parts.mesh.meshNow, segmentsDone)
        count(found, all.map(\.0), nameSegments, parts.mesh)
    }

    // MARK: - What there is

    private static func sites(_ parts: NodeParts) throws -> [Site] {
        let keys = try parts.keys.all()
        return parts.mesh.read { state in
            let now = state.mesh.meshNow(Clock.now())
            return keys.compactMap { label, key in
                guard let publication = state.repair.index.publication(of: key.id), publication.isPublished else {
                    return nil
                }
                let record = state.mesh.record(RecordKey(kind: .floor, subject: key.id.bytes))
                let floor = record.flatMap { try? FloorRecord(decoding: $0).floor }
                return Site(
                    publisher: key.id,
                    label: label,
                    byteCount: publication.byteCount,
                    roots: publication.retainedRoots(at: now),
                    floor: floor.flatMap { $0.covers(publication, at: now) ? $0 : nil },
                    copies: state.repair.index.liveHolders(of: key.id)
                )
            }
        }
    }

    /// The names as they are read through what is left; where that fails, what is in memory of them, to say what is lost.
    private static func names(
        of owner: OwnerIdentity,
        _ parts: NodeParts,
        _ reach: DrillReach
    ) async throws -> (NamespaceService.Snapshot, failure: String?) {
        do {
            return (try await reach.names.snapshot(of: owner), nil)
        } catch {
            try Task.checkCancellation()
            return (try parts.objects.names.remembered(of: owner), "\(error)")
        }
    }

    // MARK: - Who holds it

    /// What the nodes that are left say of each segment; `nil` where none of them knows it.
    private static func holders(
        of segments: [(SegmentReference, grant: [UInt8]?)],
        _ reach: DrillReach,
        now: Instant,
        _ done: @Sendable (Int, Int) -> Void
    ) async throws -> [Digest: KnownSegment] {
        try await withThrowingTaskGroup(of: KnownSegment?.self) { group in
            var rest = segments[...]
            func startNext() {
                guard let (reference, grant) = rest.popFirst() else { return }
                group.addTask { try await find(reference, grant, reach, now: now) }
            }
            for _ in 0..<searchesMax { startNext() }
            var found: [Digest: KnownSegment] = [:]
            var count = 0
            while let known = try await group.next() {
                if let known { found[known.record.id.digest] = known }
                count += 1
                done(count, segments.count)
                startNext()
            }
            return found
        }
    }

    private static func find(
        _ reference: SegmentReference,
        _ grant: [UInt8]?,
        _ reach: DrillReach,
        now: Instant
    ) async throws -> KnownSegment? {
        let id = try SegmentID(reference.id.bytes)
        let code = try SegmentCode(dataCount: Int(reference.k), totalCount: Int(reference.n))
        do {
            let search = reach.segments.search
            let known = try await search.find(id, code: code, grant: grant)
            guard known.pieceCount(now: now) < code.totalCount else { return known }
            // Enough to read it; who holds the others may be known to somebody else.
            return try await search.find(id, code: code, grant: grant, everything: true)
        } catch let error as NodeError where error.code == .notFound {
            return nil
        }
    }

    /// Enters everything into the inventory.
    private mutating func count(
        _ found: [Digest: KnownSegment],
        _ references: [SegmentReference],
        _ nameSegments: [SegmentReference],
        _ mesh: MeshService
    ) {
        let now = mesh.meshNow
        let dead = mesh.read { state in
            Set(state.mesh.members.filter { $0.observation.status == .dead }.map(\.node))
        }
        let members = mesh.read { state in Set(state.mesh.members.map(\.node) + [state.mesh.node]) }
        var numberOf: [Digest: Int] = [:]
        for reference in references where numberOf[reference.id] == nil {
            let places = found[reference.id]?.places(now: now) ?? []
            let counted = places.filter { members.contains($0.node) && !dead.contains($0.node) }
            numberOf[reference.id] = inventory.addSegment(
                dataCount: Int(reference.k),
                totalCount: Int(reference.n),
                holders: counted.map { ($0.piece, $0.node) },
                // Where everybody was asked, what nobody knows is held by nobody.
                isKnown: found[reference.id] != nil || absent.isEmpty
            )
            if found[reference.id] == nil { unknownSegments += 1 }
        }
        for site in sites {
            let floor = (site.floor?.segments ?? []).compactMap { numberOf[$0.id] }
            inventory.addSite(site.label, byteCount: site.byteCount, copies: site.copies, floor: floor)
        }
        guard hasNames else { return }
        inventory.addNames(Self.namesTitle, byteCount: 0, segments: nameSegments.compactMap { numberOf[$0.id] })
        for entry in entries {
            var segments: [Int] = []
            if case .object(let object) = entry.content {
                segments = object.extents.compactMap { numberOf[$0.segment.id] }
            }
            inventory.addObject(entry.name.text, byteCount: entry.size, segments: segments)
        }
    }
}
