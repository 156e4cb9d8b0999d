import BlockStore
import Content
import Core
import NIOCore
import Node
import Objects
import Publishing
import RecordStore
import TestFolders
import Testing

/// A node makes a site from its floor, and refuses floors that are not the site.
@Suite(.timeLimit(.minutes(2)))
struct FloorRestoreTests {
    private let node: TestNode
    private let restore: FloorRestore
    private let owner: SampleOwner
    private let publisher = signingKey(73, as: PublisherRole.self)
    private let site: SampleSite
    private let code: SegmentCode
    private let records: TemporaryFolder

    init() async throws {
        node = try await TestNode(70)
        owner = try SampleOwner(71)
        site = try SampleSite(72, leaves: 6, leafBytes: 40_000)
        // The node itself has the only piece: what is tried here is what comes of the bytes.
        code = try SegmentCode(dataCount: 1, totalCount: 1)
        records = try TemporaryFolder()
        let client = PieceClient(client: node.client, mesh: node.mesh, local: node.pieceDesk)
        restore = FloorRestore(
            mesh: node.mesh,
            store: node.store,
            client: client,
            reader: SegmentReader(
                client: client,
                mesh: node.mesh,
                coders: CoderCache(),
                work: BlockingWork(pool: .singleton),
                logger: quiet
            ),
            records: try RecordStore(folder: records.path),
            logger: quiet
        )
    }

    /// The site's blocks, parents first, as an archive has them.
    private var ordered: [Block] {
        get throws {
            var walk = ArchiveWalk(roots: [site.root])
            var order: [Block] = []
            while let cid = try walk.next() {
                let block = try #require(site.blocks.first { $0.cid == cid })
                order.append(block)
                try walk.visited(cid, bytes: block.bytes)
            }
            return order
        }
    }

    private func archive(_ blocks: [Block], of root: CID) -> [UInt8] {
        blocks.reduce(CARHeader(root: root).encoded) {
            $0 + CARWriter.sectionHead($1.cid, dataCount: $1.bytes.count) + $1.bytes
        }
    }

    /// The site is published, and a floor of `content` announced and stored.
    private func publish(_ content: [UInt8], root: CID? = nil, byteCount: Int? = nil) async throws {
        let publication = try TestMesh.publication(of: site, publisher: publisher)
        let record = try PublicationRecord(signing: publication, publisher: publisher, sponsor: TestMesh.founder)
        _ = try node.mesh.submit(.publication, record.bytes)
        let segment = try SampleSegment(74, owner: owner, code: code, content: content, isPublic: true)
        for part in try segment.parts(of: 0, unitsPerPart: 8) {
            let response = try await node.pieceDesk.response(
                path: StorePart.path,
                body: ByteBuffer(bytes: part),
                from: node.id
            )
            try #require(response.status == 200)
        }
        let floor = try SiteFloor(
            mesh: TestMesh.genesis.mesh,
            publisher: publisher.id,
            sponsor: TestMesh.founder.id,
            sequence: 1,
            roots: [root ?? site.root],
            byteCount: UInt64(byteCount ?? content.count),
            segments: [.init(id: segment.record.id.digest, k: 1, n: 1)],
            leaseEnd: publication.leaseEnd
        )
        let signed = try FloorRecord(signing: floor, publisher: publisher, sponsor: TestMesh.founder)
        _ = try node.mesh.submit(.floor, signed.bytes)
    }

    private func expectRefused(_ part: String) async throws {
        let error = await #expect(throws: (any Error).self) { try await restore.restoreAndHold(publisher.id) }
        let text = "\(try #require(error))"
        #expect(text.contains(part), "\(text)")
        try node.store.expectNothing(of: site)
        #expect(restore.restoredCount == 0)
        #expect(!node.mesh.read { $0.repair.holds(publisher.id, sequence: 0) })
    }

    @Test func site_withoutAnyCopy_isRestoredHeldAndWhole() async throws {
        try await publish(archive(ordered, of: site.root))
        #expect(!node.mesh.read { $0.repair.holds(publisher.id, sequence: 0) })
        try await restore.restoreAndHold(publisher.id)
        try node.store.expectAll(of: site.blocks)
        #expect(try node.store.pins().map(\.root) == [site.root])
        #expect(try node.store.recount().isSound)
        #expect(node.mesh.read { $0.repair.holds(publisher.id, sequence: 1) })
        #expect(node.mesh.read { $0.repair.index.liveHolders(of: publisher.id) } == [node.id])
        withExtendedLifetime(records) {}
    }

    @Test func site_isAskedForByManyAtOnce_isRestoredOnce() async throws {
        try await publish(archive(ordered, of: site.root))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<16 { group.addTask { try await restore.restoreAndHold(publisher.id) } }
            try await group.waitForAll()
        }
        #expect(restore.restoredCount == 1)
        try node.store.expectAll(of: site.blocks)
        withExtendedLifetime(records) {}
    }

    @Test func floor_lacksABlock_isRefused() async throws {
        try await publish(archive(ordered.dropLast(), of: site.root))
        try await expectRefused("the archive ends before the block")
    }

    @Test func floor_hasAnotherBlock_isRefused() async throws {
        let stray = Block(hashing: [1, 2, 3], codec: .raw)
        try await publish(archive(ordered.prefix(2) + [stray] + ordered.dropFirst(2), of: site.root))
        try await expectRefused("where")
    }

    @Test func floor_goesOnBehindTheSite_isRefused() async throws {
        let stray = Block(hashing: [1, 2, 3], codec: .raw)
        try await publish(archive(ordered + [stray], of: site.root))
        try await expectRefused("which nothing in it needs")
    }

    @Test func floor_hasChangedBytes_isRefused() async throws {
        var bytes = archive(try ordered, of: site.root)
        bytes[bytes.count - 10] ^= 1
        try await publish(bytes)
        try await expectRefused("are not the block")
    }

    @Test func floor_ofAnotherRoot_isRefused() async throws {
        let other = try SampleSite(99)
        try await publish(archive(ordered, of: other.root))
        try await expectRefused("the archive names other roots")
    }

    /// The publisher's record names a root that the publication does not have.
    @Test func floor_ofAnotherVersion_isNone() async throws {
        let other = try SampleSite(99)
        try await publish(archive(ordered, of: other.root), root: other.root)
        try await expectRefused("has no durable floor of its newest version")
    }

    @Test func floor_isNoArchive_isRefused() async throws {
        try await publish(Array(repeating: 0xFF, count: 50_000))
        try await expectRefused("CAR")
    }

    @Test func floor_isShorterThanItsRecordSays_isRefused() async throws {
        let bytes = archive(try ordered, of: site.root)
        try await publish(bytes, byteCount: 1 << 24)
        try await expectRefused("ends before byte")
    }

    @Test func floor_isGone_isSaid() async throws {
        let publication = try TestMesh.publication(of: site, publisher: publisher)
        let record = try PublicationRecord(signing: publication, publisher: publisher, sponsor: TestMesh.founder)
        _ = try node.mesh.submit(.publication, record.bytes)
        try await expectRefused("has no durable floor")
    }
}
