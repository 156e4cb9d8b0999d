import BlockStore
import Core
import Gateway
import Logging
import Mesh
import NIOPosix
import Publishing
import RecordStore
import Settings
import Transport

/// Everything that a running node consists of, built from the bottom up.
struct NodeParts: Sendable {
    let configuration: NodeConfiguration
    let folder: DataFolder
    let lock: FolderLock
    let node: SigningKey<NodeRole>
    let `operator`: SigningKey<OperatorRole>
    let founding: Founding
    let admission: AdmissionRecord?
    let records: RecordStore
    let store: BlockStore
    let lent: LentSpace
    let work: BlockingWork
    let server: PeerServer
    let client: PeerClient
    let mesh: MeshService
    let exchange: ExchangeClient
    let search: ProviderSearch
    let copies: CopyService
    let router: PeerRouter
    let publishing: PublishService
    let collection: CollectionService
    let desk: InvitationDesk
    let keys: PublisherKeys
    let gateway: GatewayServer
    let started: Instant

    /// - Throws: ``NodeError`` and the parts' own errors, each with a sentence for the user.
    init(_ configuration: NodeConfiguration, group: MultiThreadedEventLoopGroup, logger: Logger) async throws {
        self.configuration = configuration
        started = Clock.now()
        folder = try DataFolder(path: configuration.dataFolder)
        lock = try folder.lock()
        node = try KeyFile.readOrCreate(folder.nodeKey, as: NodeRole.self)
        `operator` = try Self.operatorKey(configuration, folder)
        founding = try Founding(folder: folder, operator: `operator`, invites: configuration.invites)
        try SmallFile.makeFolder(folder.mesh)
        records = try RecordStore(folder: folder.mesh)
        if records.recoveredFromCorruption {
            logger.warning("the memory of the mesh was damaged and starts anew; gossip brings the records back")
        }
        lent = LentSpace(configuration: configuration, folder: folder.path, usedBytes: 0)
        store = try BlockStore(
            BlockStoreConfiguration(
                folder: folder.blocks,
                storageBytesMax: lent.storageBytes,
                cacheBytesMax: lent.cacheBytes
            )
        )
        let pool = NIOThreadPool(numberOfThreads: BlockingWork.threads)
        pool.start()
        work = BlockingWork(pool: pool)
        let identity = try NodeIdentity(key: node)
        client = PeerClient(identity: identity, group: group, logger: logger)
        admission = try await founding.admission(of: `operator`, client: client)
        server = try await PeerServer.bind(
            to: PeerAddress("\(configuration.listen)"),
            identity: identity,
            group: group,
            logger: logger
        )
        let held = HeldSites(records: records)
        let locators = Self.locators(configuration, bound: server.address)
        let claims = Self.claims(configuration, locators: locators, lent: lent)
        let machine = MeshMachine(
            genesis: founding.genesis,
            identity: .init(node: node, operator: `operator`, claims: claims),
            parameters: Self.parameters(configuration),
            judge: PublishingJudge(mesh: founding.genesis.mesh),
            contacts: founding.contacts,
            now: started
        )
        let repair = RepairMachine(
            node: node.id,
            settings: Self.repairSettings(configuration),
            held: try held.load(),
            now: started
        )
        mesh = MeshService(
            state: MeshState(mesh: machine, repair: repair),
            client: client,
            records: records,
            logger: logger
        )
        exchange = ExchangeClient(client: client, mesh: mesh)
        search = ProviderSearch(mesh: mesh, client: exchange)
        let holds = HoldDesk(mesh: mesh)
        copies = CopyService(
            mesh: mesh,
            copier: SiteCopier(store: store, client: exchange, work: work),
            held: held,
            desk: holds,
            key: node,
            work: work,
            logger: logger
        )
        desk = InvitationDesk(
            genesis: founding.genesis,
            node: node.id,
            operator: `operator`,
            locators: locators,
            records: records
        )
        router = PeerRouter(mesh: mesh, store: store, work: work, desk: desk, holds: holds)
        keys = PublisherKeys(folder: folder)
        publishing = PublishService(
            mesh: mesh,
            store: store,
            keys: keys,
            sponsor: `operator`,
            requests: HoldRequest(client: client, mesh: mesh),
            work: work,
            logger: logger
        )
        collection = CollectionService(store: store, work: work, logger: logger)
        gateway = try await GatewayServer(
            configuration: GatewayConfiguration(
                host: configuration.gateway.host,
                port: Int(configuration.gateway.port)
            ),
            source: NodeContentSource(mesh: mesh, store: store, search: search, client: exchange, work: work),
            group: group
        )
    }

    // MARK: - What the configuration means

    private static func operatorKey(
        _ configuration: NodeConfiguration,
        _ folder: DataFolder
    ) throws(NodeError) -> SigningKey<OperatorRole> {
        try KeyFile.readOrCreate(
            configuration.operatorKeyFile ?? folder.operatorKey(configuration.operatorName),
            as: OperatorRole.self
        )
    }

    private static func locators(_ configuration: NodeConfiguration, bound: PeerAddress) -> [Locator] {
        guard configuration.advertise.isEmpty else { return configuration.advertise.map { .tcp("\($0)") } }
        return [.tcp("\(bound)")]
    }

    private static func claims(_ configuration: NodeConfiguration, locators: [Locator], lent: LentSpace) -> NodeClaims {
        NodeClaims(
            locators: locators,
            roles: [NodeClaims.gatewayRole] + (lent.storageBytes > 0 ? [NodeClaims.storageRole] : []),
            hosting: configuration.hosting,
            jurisdiction: configuration.jurisdiction,
            storageBytes: UInt64(clamping: lent.storageBytes),
            software: "holdfast/\(Release.version)"
        )
    }

    private static func parameters(_ configuration: NodeConfiguration) -> MeshParameters {
        var parameters = MeshParameters()
        parameters.probePeriod = configuration.probeInterval
        parameters.probeTimeout = min(parameters.probeTimeout, configuration.probeInterval)
        parameters.suspicionTimeout = min(parameters.suspicionTimeout, configuration.probeInterval * 3)
        return parameters
    }

    /// The other delays of repair follow the one that is configured, in the proportions of their defaults.
    private static func repairSettings(_ configuration: NodeConfiguration) -> RepairSettings {
        var settings = RepairSettings()
        let delay = configuration.repairDelay
        guard delay < settings.repairDelay else {
            settings.repairDelay = delay
            return settings
        }
        settings.repairDelay = delay
        settings.urgentDelay = min(settings.urgentDelay, delay)
        settings.rankStep = min(settings.rankStep, delay)
        settings.recheckInterval = min(settings.recheckInterval, max(delay, .seconds(1)))
        settings.surplusGrace = min(settings.surplusGrace, delay * 10)
        settings.retryFirst = min(settings.retryFirst, max(delay, .milliseconds(500)))
        return settings
    }
}
