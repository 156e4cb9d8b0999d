import Core
import Logging
import Objects
import PieceStore
import RecordStore
import Transport

/// Everything of a node that has to do with private objects.
struct ObjectParts: Sendable {
    let desk: PieceDesk
    let vault: OwnerVault
    let devices: DeviceRegistry
    let segments: SegmentServices
    let names: NamespaceService
    let removal: SegmentRemoval
    let inspection: SegmentInspection
    let rebuild: SegmentRebuild
    let repair: SegmentRepairService
    private let records: RecordStore

    init(
        _ base: NodeFoundation,
        mesh: MeshService,
        client: PeerClient,
        devices: DeviceRegistry,
        settings: SegmentRepairSettings,
        logger: Logger
    ) throws {
        desk = PieceDesk(
            store: base.pieces,
            mesh: mesh,
            work: base.work,
            devices: devices,
            key: base.node,
            spaceLeft: { [lent = base.lent.storageBytes, blocks = base.store, pieces = base.pieces] in
                let held = blocks.accounting
                return lent - (held.total - held.cached) - pieces.accounting.diskBytes
            },
            logger: logger
        )
        self.devices = devices
        records = base.records
        vault = try OwnerVault(folder: base.folder.owner)
        let pieces = PieceClient(client: client, mesh: mesh, local: desk)
        let coders = CoderCache()
        let search = SegmentSearch(mesh: mesh, client: pieces)
        segments = SegmentServices(
            storing: SegmentStoring(
                mesh: mesh,
                client: pieces,
                coders: coders,
                search: search,
                work: base.work,
                logger: logger
            ),
            search: search,
            reader: SegmentReader(client: pieces, mesh: mesh, coders: coders, work: base.work, logger: logger),
            grants: GrantDesk(mesh: mesh),
            journal: SegmentJournal(records: base.records)
        )
        names = NamespaceService(
            mesh: mesh,
            vault: vault,
            devices: devices,
            segments: segments,
            sponsor: base.operator,
            logger: logger
        )
        removal = SegmentRemoval(mesh: mesh, segments: segments, client: pieces, logger: logger)
        inspection = SegmentInspection(mesh: mesh, segments: segments)
        rebuild = SegmentRebuild(
            client: pieces,
            search: search,
            reader: segments.reader,
            coders: coders,
            desk: desk,
            pace: RepairPace(bytesPerSecond: settings.bytesPerSecondMax)
        )
        repair = SegmentRepairService(
            desk: desk,
            mesh: mesh,
            rebuild: rebuild,
            settings: settings,
            logger: logger
        )
    }
}

extension ObjectParts {
    var orphans: OrphanRemoval {
        OrphanRemoval(
            vault: vault,
            names: names,
            removal: removal,
            journal: segments.journal,
            work: segments.work,
            logger: removal.logger
        )
    }

    var repacking: SegmentRepacking {
        SegmentRepacking(
            names: names,
            mesh: removal.mesh,
            segments: segments,
            removal: removal,
            logger: removal.logger
        )
    }

    /// Renews leases of segments that some other part keeps as well.
    ///
    /// - Parameters:
    ///   - vault: Whose segments they are.
    ///   - segments: How they are read.
    func leases(of vault: OwnerVault, segments: SegmentServices) -> LeaseKeeping {
        LeaseKeeping(
            vault: vault,
            names: names,
            mesh: removal.mesh,
            segments: segments,
            inspection: SegmentInspection(mesh: removal.mesh, segments: segments),
            client: removal.client,
            logger: removal.logger
        )
    }

    /// What is done now and then for the owner of this machine.
    var upkeep: OwnerUpkeep {
        let leases = leases(of: vault, segments: segments)
        return OwnerUpkeep(orphans: orphans, leases: leases, repacking: repacking, vault: vault)
    }

    var scrubbing: ScrubService {
        ScrubService(
            store: desk.store,
            records: records,
            repair: repair,
            work: segments.work,
            logger: removal.logger
        )
    }
}
