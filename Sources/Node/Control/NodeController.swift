import BlockStore
import Content
import Control
import Core
import Logging
import Mesh
import NIOCore
import Publishing
import Settings
import Synchronization

/// What commands ask of a running node.
final class NodeController: NodeControl {
    /// Copies wanted unless a command says otherwise.
    static let copiesDefault = Publication.copiesDefault

    let parts: NodeParts
    let logger: Logger
    /// Resolved when this node has moved what it held and may stop.
    let departed = Promise<Void>()
    /// One drill at a time.
    let drilling = Atomic<Bool>(false)
    private let gatewayAddress = Mutex<String?>(nil)

    init(parts: NodeParts, logger: Logger) {
        self.parts = parts
        self.logger = logger
    }

    func gatewayOpened(at address: SocketAddress) {
        guard let host = address.ipAddress, let port = address.port else { return }
        gatewayAddress.withLock { $0 = "\(Endpoint(host: host, port: UInt16(clamping: port)))" }
    }

    var gateway: String { gatewayAddress.withLock { $0 } ?? "\(parts.configuration.gateway)" }

    // MARK: - Status

    func status() async throws -> NodeStatus {
        let accounting = parts.base.store.accounting
        let pieceBytes = parts.base.pieces.accounting.diskBytes
        let view = parts.mesh.read { state in
            let members = state.mesh.members
            return (
                // A suspect counts until it is found dead, as its copies do.
                alive: members.count { $0.isAlive || $0.observation.status == .suspect } + 1,
                known: members.count + 1,
                totals: state.repair.index.totals, sites: state.repair.index.publishedCount,
                counters: state.mesh.counters
            )
        }
        return NodeStatus(
            node: parts.base.node.id.description,
            operator: parts.base.operator.id.description,
            mesh: parts.base.founding.genesis.mesh.description,
            version: Release.version,
            uptimeSeconds: Int((Clock.now() - parts.started).components.seconds),
            listen: "\(parts.network.server.address)",
            gateway: gateway,
            members: .init(alive: view.alive, known: view.known),
            copies: .init(live: view.totals.live, target: view.totals.target),
            sites: view.sites,
            floors: try floors(),
            pieces: .init(live: parts.objects.repair.strength.live, target: parts.objects.repair.strength.wanted),
            debt: parts.objects.repair.strength.debt,
            storage: .init(
                used: Int(accounting.total + pieceBytes),
                pieces: Int(pieceBytes),
                limit: Int(parts.base.lent.storageBytes),
                cacheUsed: Int(accounting.cached),
                cacheLimit: Int(parts.base.lent.cacheBytes)
            ),
            counters: counters(view.counters)
        )
    }

    /// How many of the sites published here have their floor.
    private func floors() throws -> NodeStatus.Floors {
        let own = try parts.keys.all().map(\.key.id)
        let published = parts.mesh.read { state in
            own.filter { state.repair.index.publication(of: $0)?.isPublished == true }
        }
        let states = published.map { parts.floors.keeper.state(of: $0) }
        return NodeStatus.Floors(
            stored: states.count(where: \.isStored),
            wanted: states.count,
            reason: states.lazy.compactMap(\.reason).first
        )
    }

    private func counters(_ mesh: MeshCounters) -> [String: Int] {
        let gateway = parts.gateway.counters
        let store = parts.base.store.counters
        let named: [String: UInt64] = [
            "mesh.records.known": mesh.known, "mesh.records.stale": mesh.stale,
            "mesh.records.conflicting": mesh.conflicting, "mesh.records.forged": mesh.forged,
            "mesh.records.malformed": mesh.malformed, "mesh.records.oversized": mesh.oversized,
            "mesh.records.wrongMesh": mesh.wrongMesh, "mesh.records.notAdmitted": mesh.notAdmitted,
            "mesh.records.invitationVoid": mesh.invitationVoid, "mesh.records.outOfTime": mesh.outOfTime,
            "mesh.records.overQuota": mesh.overQuota, "mesh.records.ownKeySeen": mesh.ownKeySeen,
            "mesh.messages.bad": mesh.badMessages, "mesh.messages.strangers": mesh.strangers,
            "mesh.messages.dropped": UInt64(parts.mesh.droppedCount), "mesh.deaths": mesh.deaths,
            "mesh.quarantined": UInt64(parts.base.records.quarantinedCount),
            "mesh.trials.crashed": UInt64(parts.mesh.trial?.crashCount ?? 0),
            "mesh.trials.undecided": UInt64(parts.mesh.trial?.undecidedCount ?? 0),
            "mesh.trials.untried": UInt64(parts.mesh.trial?.untriedCount ?? 0),
            "mesh.records.quarantined": mesh.quarantined, "mesh.unjournalled": parts.base.records.unjournalledCount,
            "peers.reads": parts.router.reads.count, "exchange.wrongBytes": parts.exchange.wrongBytesCount,
            "gateway.requests": gateway.requests, "gateway.hits": gateway.hits, "gateway.bytes": gateway.bytes,
            "gateway.resets": gateway.resets,
            "store.withdrawn": UInt64(store.withdrawn), "store.evicted": UInt64(store.evicted),
            "store.collected": UInt64(store.collected), "floors.restored": parts.floors.restore.restoredCount,
        ]
        return named.mapValues { Int(clamping: $0) }
    }

    // MARK: - Mesh

    func invite(expires: Duration?, once: Bool) async throws -> String {
        parts.desk.invite(expires: expires, once: once)
    }

    // MARK: - Names

    func names() async throws -> [NameEntry] {
        let keys = try parts.keys.all()
        return parts.mesh.read { state in
            keys.compactMap { label, key in
                let floor = parts.floors.keeper.state(of: key.id)
                guard let site = state.repair.index.publication(of: key.id), let root = site.root else { return nil }
                let copies = state.repair.index.copies(of: key.id)
                return NameEntry(
                    label: label,
                    name: key.id.description,
                    root: root.description,
                    sequence: site.sequence,
                    leaseEndMilliseconds: site.leaseEnd.milliseconds,
                    copiesLive: copies?.live ?? 0,
                    copiesTarget: copies?.target ?? 0,
                    floor: floor.text,
                    floorReason: floor.reason
                )
            }
        }
    }

    func unpublish(_ name: String) async throws {
        try await parts.publishing.unpublish(try parts.keys.find(name).key)
        parts.floors.keeper.wake()
    }

    func doctor() async throws -> [Finding] {
        NodeDiagnosis(parts: parts).findings()
    }
}
