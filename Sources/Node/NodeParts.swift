import BlockStore
import Core
import Files
import Gateway
import Logging
import Mesh
import NIOPosix
import Objects
import PieceStore
import Publishing
import RecordStore
import Settings
import Transport

/// What a node has on its disk, and who it is.
struct NodeFoundation: Sendable {
    let folder: DataFolder
    let lock: FolderLock
    let node: SigningKey<NodeRole>
    let `operator`: SigningKey<OperatorRole>
    let founding: Founding
    let records: RecordStore
    let store: BlockStore
    let pieces: PieceStore
    let lent: LentSpace
    let work: BlockingWork
    /// What computes for long, so that nobody who is served waits for it.
    let analysis: BlockingWork

    /// - Throws: ``NodeError`` and the stores' own errors, each with a sentence for the user.
    init(_ configuration: NodeConfiguration, logger: Logger) throws {
        folder = try DataFolder(path: configuration.dataFolder)
        lock = try folder.lock()
        node = try KeyFile.readOrCreate(folder.nodeKey, as: NodeRole.self)
        `operator` = try KeyFile.readOrCreate(
            configuration.operatorKeyFile ?? folder.operatorKey(configuration.operatorName),
            as: OperatorRole.self
        )
        founding = try Founding(folder: folder, operator: `operator`, invites: configuration.invites)
        try SmallFile.makeFolder(folder.mesh)
        records = try RecordStore(folder: folder.mesh)
        if records.recoveredFromCorruption {
            logger.warning("the memory of the mesh was damaged and starts anew; gossip brings the records back")
        }
        lent = LentSpace(configuration: configuration, folder: folder.path)
        store = try BlockStore(
            BlockStoreConfiguration(
                folder: folder.blocks,
                storageBytesMax: lent.storageBytes,
                cacheBytesMax: lent.cacheBytes
            )
        )
        pieces = try PieceStore(
            PieceStoreConfiguration(
                folder: folder.pieces,
                pieceBytesMax: lent.storageBytes,
                ownerBytesMax: lent.storageBytes / LentSpace.ownersMin
            )
        )
        store.setUsedElsewhere(pieces.accounting.diskBytes)
        work = BlockingWork(threads: BlockingWork.threads)
        analysis = BlockingWork(threads: 1)
    }
}

/// How a node is reached, and how it reaches others.
struct NodeNetwork: Sendable {
    let server: PeerServer
    let client: PeerClient
    let admission: AdmissionRecord?
    /// Where others are told that this node is.
    let locators: [Locator]

    /// - Throws: ``TransportError`` when the port is taken, ``NodeError`` when the mesh refuses.
    init(
        _ configuration: NodeConfiguration,
        _ foundation: NodeFoundation,
        group: MultiThreadedEventLoopGroup,
        logger: Logger
    ) async throws {
        let identity = try NodeIdentity(key: foundation.node)
        client = PeerClient(identity: identity, group: group, logger: logger)
        server = try await PeerServer.bind(
            to: PeerAddress("\(configuration.listen)"),
            identity: identity,
            group: group,
            logger: logger
        )
        admission = try await foundation.founding.admission(of: foundation.operator, client: client)
        locators = Self.addresses(configuration, bound: server.address).prefix(Locator.countMax).map { .tcp($0) }
    }
}

extension NodeNetwork {
    private static func addresses(_ configuration: NodeConfiguration, bound: PeerAddress) -> [String] {
        guard configuration.advertise.isEmpty else { return configuration.advertise.map { "\($0)" } }
        guard bound.host == "0.0.0.0" || bound.host == "::" else { return ["\(bound)"] }
        return LocalAddresses.all().map { "\($0):\(bound.port)" }
    }
}

/// Everything that a running node consists of, built from the bottom up.
package struct NodeParts: Sendable {
    let configuration: NodeConfiguration
    let variation: NodeVariation
    let base: NodeFoundation
    let network: NodeNetwork
    let mesh: MeshService
    let exchange: ExchangeClient
    let search: ProviderSearch
    let copies: CopyService
    let router: PeerRouter
    let publishing: PublishService
    let collection: CollectionService
    let mending: MendingService
    let desk: InvitationDesk
    let keys: PublisherKeys
    let gateway: GatewayServer
    let objects: ObjectParts
    let floors: FloorParts
    let started: Instant

    /// - Throws: The parts' own errors, each with a sentence for the user.
    package init(
        _ configuration: NodeConfiguration,
        variation: NodeVariation = NodeVariation(),
        trial: RecordTrial? = nil,
        group: MultiThreadedEventLoopGroup,
        logger: Logger
    ) async throws {
        self.configuration = configuration
        self.variation = variation
        started = Clock.now()
        base = try NodeFoundation(configuration, logger: logger)
        network = try await NodeNetwork(configuration, base, group: group, logger: logger)
        let held = HeldSites(records: base.records)
        let devices = DeviceRegistry()
        let engines = try Self.engines(configuration, base, network, held, devices, variation, now: started)
        mesh = Self.mesh(engines, base, network, trial, logger)
        exchange = ExchangeClient(client: network.client, mesh: mesh)
        search = ProviderSearch(mesh: mesh, client: exchange)
        let holds = HoldDesk(mesh: mesh)
        desk = InvitationDesk(
            genesis: base.founding.genesis,
            node: base.node.id,
            operator: base.operator,
            locators: network.locators,
            records: base.records
        )
        objects = try ObjectParts(
            base,
            mesh: mesh,
            client: network.client,
            devices: devices,
            settings: Self.segmentRepairSettings(configuration),
            logger: logger
        )
        keys = PublisherKeys(folder: base.folder)
        floors = try FloorParts(base, mesh: mesh, objects: objects, keys: keys, held: held, logger: logger)
        copies = CopyService(
            mesh: mesh,
            copier: SiteCopier(store: base.store, client: exchange, work: base.work),
            held: held,
            desk: holds,
            floors: floors.restore,
            key: base.node,
            work: base.work,
            logger: logger
        )
        let pieces = objects.desk
        router = PeerRouter(mesh: mesh, store: base.store, work: base.work, desk: desk, holds: holds, pieces: pieces)
        publishing = PublishService(
            mesh: mesh,
            store: base.store,
            keys: keys,
            held: held,
            journal: PublishJournal(records: base.records),
            sponsor: base.operator,
            requests: HoldRequest(client: network.client, mesh: mesh),
            work: base.work,
            logger: logger
        )
        collection = CollectionService(store: base.store, pieces: pieces, work: base.work, logger: logger)
        let source = Self.source(base, mesh: mesh, search: search, client: exchange, floors: floors.restore)
        mending = MendingService(store: base.store, source: source, work: base.work, logger: logger)
        let host = configuration.gateway.host
        gateway = try await GatewayServer(
            configuration: GatewayConfiguration(host: host, port: Int(configuration.gateway.port)),
            source: source,
            group: group
        )
    }

    /// What gateways and commands read content from.
    static func source(
        _ base: NodeFoundation,
        mesh: MeshService,
        search: ProviderSearch,
        client: ExchangeClient,
        floors: FloorRestore
    ) -> NodeContentSource {
        NodeContentSource(
            mesh: mesh,
            store: base.store,
            search: search,
            client: client,
            work: base.work,
            floors: floors
        )
    }
}
