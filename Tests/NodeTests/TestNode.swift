import BlockStore
import Core
import Foundation
import Logging
import Mesh
import NIOCore
import NIOPosix
import Node
import PieceStore
import Publishing
import RecordStore
import TestFolders
import Transport

let loops = MultiThreadedEventLoopGroup.singleton
let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

func wallClock() -> Instant { Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000)) }

func signingKey<Role>(_ number: UInt64, as _: Role.Type = Role.self) -> SigningKey<Role> {
    var rng = SplitMix64(seed: number)
    return .generate(using: &rng)
}

/// One mesh for all tests, with one operator.
enum TestMesh {
    static let founder = signingKey(1, as: OperatorRole.self)
    static let genesis: GenesisRecord = {
        var rng = SplitMix64(seed: 2)
        return GenesisRecord(founder: founder, now: wallClock(), using: &rng)
    }()

    static func claims(at address: String) -> NodeClaims {
        NodeClaims(
            locators: [.tcp(address)],
            roles: [NodeClaims.storageRole],
            hosting: "home",
            jurisdiction: "ZZ",
            storageBytes: 1 << 30,
            software: "test"
        )
    }

    static func publication(of site: SampleSite, publisher: SigningKey<PublisherRole>) throws -> Publication {
        let now = wallClock()
        return try Publication.publishing(
            PublishOrder(root: site.root, byteCount: 10_000, ipns: [1], label: "test"),
            mesh: genesis.mesh,
            publisher: publisher.id,
            sponsor: founder.id,
            after: nil,
            sequence: Publication.nextSequence(after: nil, now: now),
            now: now
        )
    }
}

/// The parts of a node that fetch and serve, on a socket of their own.
struct TestNode: Sendable {
    let folder: TemporaryFolder
    let key: SigningKey<NodeRole>
    let server: PeerServer
    let store: BlockStore
    let mesh: MeshService
    let client: PeerClient
    let exchange: ExchangeClient
    let search: ProviderSearch
    let desk: InvitationDesk
    let holds: HoldDesk
    let router: PeerRouter
    let devices = DeviceRegistry()
    let pieces: PieceStore
    let pieceDesk: PieceDesk
    let copier: SiteCopier
    let source: NodeContentSource

    var id: NodeID { key.id }
    var address: String { server.address.description }

    init(_ number: UInt64, timeouts: ExchangeTimeouts = ExchangeTimeouts()) async throws {
        folder = try TemporaryFolder()
        key = signingKey(number)
        let identity = try NodeIdentity(key: key)
        server = try await PeerServer.bind(
            to: PeerAddress("127.0.0.1:0"),
            identity: identity,
            group: loops,
            logger: quiet
        )
        client = PeerClient(identity: identity, group: loops, logger: quiet)
        try SmallFile.makeFolder(folder.path + "/mesh")
        let records = try RecordStore(folder: folder.path + "/mesh")
        store = try BlockStore(
            BlockStoreConfiguration(
                folder: folder.path + "/blocks",
                storageBytesMax: 256 << 20,
                cacheBytesMax: 256 << 20
            )
        )
        let machine = MeshMachine(
            genesis: TestMesh.genesis,
            identity: .init(
                node: key,
                operator: TestMesh.founder,
                claims: TestMesh.claims(at: server.address.description)
            ),
            judge: NodeJudge(mesh: TestMesh.genesis.mesh, devices: devices),
            now: wallClock()
        )
        mesh = MeshService(
            state: MeshState(mesh: machine, repair: RepairMachine(node: key.id, now: wallClock()), devices: devices),
            client: client,
            records: records,
            logger: quiet
        )
        mesh.start(admission: nil)
        let work = BlockingWork(pool: .singleton)
        exchange = ExchangeClient(client: client, mesh: mesh, timeouts: timeouts)
        search = ProviderSearch(mesh: mesh, client: exchange)
        desk = InvitationDesk(
            genesis: TestMesh.genesis,
            node: key.id,
            operator: TestMesh.founder,
            locators: [.tcp(server.address.description)],
            records: records
        )
        holds = HoldDesk(mesh: mesh)
        pieces = try PieceStore(
            PieceStoreConfiguration(
                folder: folder.path + "/pieces",
                pieceBytesMax: 256 << 20,
                ownerBytesMax: 64 << 20
            )
        )
        pieceDesk = PieceDesk(
            store: pieces,
            mesh: mesh,
            work: work,
            devices: devices,
            key: key,
            logger: quiet
        )
        router = PeerRouter(mesh: mesh, store: store, work: work, desk: desk, holds: holds, pieces: pieceDesk)
        copier = SiteCopier(store: store, client: exchange, work: work)
        source = NodeContentSource(mesh: mesh, store: store, search: search, client: exchange, work: work)
    }

    /// What another node says when it comes: it is a member that is alive from then on.
    ///
    /// - Parameter ahead: how far the other's clock is ahead of this machine's.
    func meet(_ other: SigningKey<NodeRole>, at address: String, ahead: Duration = .zero) {
        let now = wallClock() + ahead
        var rng = SystemRandomNumberGenerator()
        var machine = MeshMachine(
            genesis: TestMesh.genesis,
            identity: .init(node: other, operator: TestMesh.founder, claims: TestMesh.claims(at: address)),
            judge: NodeJudge(mesh: TestMesh.genesis.mesh, devices: DeviceRegistry()),
            contacts: [id: [.tcp(self.address)]],
            now: now
        )
        for case .send(let bytes, to: id) in machine.start(now: now, using: &rng) {
            _ = mesh.handle(bytes, from: other.id, address: "127.0.0.1")
        }
    }

    /// Learns that `site` is published and who says to hold it.
    func learn(_ site: SampleSite, heldBy holders: [NodeID]) throws {
        let publisher = signingKey(UInt64.random(in: 1 << 32 ... .max), as: PublisherRole.self)
        let publication = try TestMesh.publication(of: site, publisher: publisher)
        mesh.repair { repair, now in repair.publicationChanged(publication, now: now) }
        for holder in holders {
            let holding = Holding(
                mesh: TestMesh.genesis.mesh,
                node: holder,
                publisher: publisher.id,
                sequence: publication.sequence,
                state: .holding,
                until: publication.leaseEnd,
                version: 1
            )
            mesh.repair { repair, now in repair.holdingChanged(holding, now: now) }
        }
    }
}
