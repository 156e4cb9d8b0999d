import Core

/// How a drill reads: clients of its own, which remember nothing of before and send nothing to the nodes taken for lost.
///
/// What this node holds for others counts as any holder's, unless it is taken for lost itself; what it has as cache is
/// never looked at.
struct DrillReach: Sendable {
    let absent: Set<NodeID>
    let exchange: ExchangeClient
    let segments: SegmentServices
    let names: NamespaceService
    private let mesh: MeshService

    init(_ parts: NodeParts, absent: Set<NodeID>) {
        self.absent = absent
        mesh = parts.mesh
        exchange = ExchangeClient(client: parts.network.client, mesh: parts.mesh, absent: absent)
        let shared = parts.objects.segments
        let client = PieceClient(
            client: parts.network.client,
            mesh: parts.mesh,
            local: parts.objects.desk,
            absent: absent
        )
        segments = SegmentServices(
            storing: shared.storing,
            search: SegmentSearch(mesh: parts.mesh, client: client),
            reader: SegmentReader(
                client: client,
                mesh: parts.mesh,
                coders: shared.reader.coders,
                work: shared.work,
                logger: shared.reader.logger
            ),
            grants: shared.grants,
            journal: shared.journal
        )
        names = NamespaceService(
            mesh: parts.mesh,
            vault: parts.objects.vault,
            devices: parts.objects.devices,
            segments: segments,
            sponsor: parts.base.operator,
            logger: shared.reader.logger
        )
    }

    /// Whether this machine is left.
    var isHere: Bool { !absent.contains(mesh.node) }
}
