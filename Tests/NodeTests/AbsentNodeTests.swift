import BlockStore
import Content
import Core
import Exchange
import Logging
import NIOCore
import Node
import Objects
import Publishing
import RecordStore
import Synchronization
import TestFolders
import Testing
import Transport

/// A drill's clients send nothing to the nodes that are taken for lost.
@Suite(.timeLimit(.minutes(2)))
struct AbsentNodeTests {
    /// A member that has nothing and counts what it is asked for.
    private final class CountingPeer: PeerRequestHandling {
        let key = signingKey(81, as: NodeRole.self)
        let server: PeerServer
        private let paths = Mutex<[String]>([])

        init() async throws {
            server = try await PeerServer.bind(
                to: PeerAddress("127.0.0.1:0"),
                identity: NodeIdentity(key: key),
                group: loops,
                logger: quiet
            )
        }

        var asked: [String] { paths.withLock { $0 } }

        func handle(_ request: PeerRequest) async throws -> PeerResponse {
            paths.withLock { $0.append(request.path) }
            return .failure(404, "it is not here")
        }
    }

    private let node: TestNode
    private let peer: CountingPeer
    private let records: TemporaryFolder
    private let site: SampleSite

    init() async throws {
        node = try await TestNode(80)
        peer = try await CountingPeer()
        records = try TemporaryFolder()
        site = try SampleSite(82, leaves: 2)
        node.meet(peer.key, at: peer.server.address.description)
    }

    private func withPeer(_ body: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await peer.server.run(peer) }
            group.addTask {
                try await body()
                await node.client.shutdown()
            }
            // The server ends only when it is told to.
            try await group.next()
            group.cancelAll()
        }
        withExtendedLifetime(records) {}
    }

    private func readBlocks(_ absent: Set<NodeID>) async throws {
        let client = ExchangeClient(client: node.client, mesh: node.mesh, absent: absent)
        try await client.blocks(.blocks([site.root]), from: peer.key.id) { _ in }
    }

    /// Looks for a floor whose segment nobody has: everybody who may be is asked.
    private func readFloor(_ absent: Set<NodeID>) async throws {
        let client = PieceClient(client: node.client, mesh: node.mesh, local: node.pieceDesk, absent: absent)
        let work = BlockingWork(pool: .singleton)
        let restore = FloorRestore(
            mesh: node.mesh,
            store: node.store,
            client: client,
            reader: SegmentReader(
                client: client,
                mesh: node.mesh,
                coders: CoderCache(),
                work: work,
                logger: quiet
            ),
            records: try RecordStore(folder: records.path),
            logger: quiet
        )
        let publisher = signingKey(83, as: PublisherRole.self)
        let publication = try TestMesh.publication(of: site, publisher: publisher)
        let published = try PublicationRecord(signing: publication, publisher: publisher, sponsor: TestMesh.founder)
        _ = try node.mesh.submit(.publication, published.bytes)
        let floor = try SiteFloor(
            mesh: TestMesh.genesis.mesh,
            publisher: publisher.id,
            sponsor: TestMesh.founder.id,
            sequence: publication.sequence,
            roots: [site.root],
            byteCount: 10_000,
            segments: [.init(id: Digest(hashing: [1]), k: 1, n: 2)],
            leaseEnd: publication.leaseEnd
        )
        let signed = try FloorRecord(signing: floor, publisher: publisher, sponsor: TestMesh.founder)
        _ = try node.mesh.submit(.floor, signed.bytes)
        try await restore.restoreAndHold(publisher.id)
    }

    @Test func blocks_ofANodeTakenForLost_areNotAskedFor() async throws {
        try await withPeer {
            let error = await #expect(throws: NodeError.self) { try await readBlocks([peer.key.id]) }
            #expect(error?.code == .unreachable)
            #expect(peer.asked.isEmpty, "\(peer.asked)")
            await #expect(throws: TransportError.self) { try await readBlocks([]) }
            #expect(peer.asked == ["/blocks"])
        }
    }

    @Test func piecesAndTheirHolders_areNotAskedOfANodeTakenForLost() async throws {
        try await withPeer {
            await #expect(throws: NodeError.self) { try await readFloor([peer.key.id]) }
            #expect(peer.asked.isEmpty, "\(peer.asked)")
        }
    }

    @Test func piecesAndTheirHolders_areAskedOfEverybodyElse() async throws {
        try await withPeer {
            await #expect(throws: NodeError.self) { try await readFloor([node.id]) }
            #expect(peer.asked.contains(HoldersRequest.path))
        }
    }
}
