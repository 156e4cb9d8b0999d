import Core
import Logging
import Objects

/// Everything of a node that has to do with floors of published sites.
struct FloorParts: Sendable {
    let keeper: FloorKeeper
    let restore: FloorRestore

    /// - Throws: ``NodeError`` when the keys are there and make no sense.
    init(
        _ base: NodeFoundation,
        mesh: MeshService,
        objects: ObjectParts,
        keys: PublisherKeys,
        held: HeldSites,
        logger: Logger
    ) throws {
        // An owner of its own: public records must not tell whose private objects are whose.
        let vault = try OwnerVault(folder: base.folder.floor)
        let shared = objects.segments
        let segments = SegmentServices(
            storing: shared.storing,
            search: shared.search,
            reader: shared.reader,
            grants: GrantDesk(mesh: mesh),
            journal: SegmentJournal(records: base.records, prefix: FloorJournal.unnamedPrefix)
        )
        keeper = FloorKeeper(
            mesh: mesh,
            store: base.store,
            keys: keys,
            vault: vault,
            journal: FloorJournal(records: base.records),
            segments: segments,
            removal: SegmentRemoval(mesh: mesh, segments: segments, client: objects.removal.client, logger: logger),
            leases: objects.leases(of: vault, segments: segments),
            sponsor: base.operator,
            logger: logger
        )
        restore = FloorRestore(
            mesh: mesh,
            store: base.store,
            fetch: SegmentFetch(search: shared.search, reader: shared.reader, grant: nil),
            held: held,
            logger: logger
        )
    }
}
