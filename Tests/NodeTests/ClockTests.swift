import Core
import Logging
import NIOCore
import Node
import Objects
import PieceStore
import Testing

/// A node whose clock is a year off its mesh's: what it holds and reads is judged by the mesh's time.
@Suite(.timeLimit(.minutes(2)))
struct ClockTests {
    private static let year = Duration.seconds(365 * 86_400)
    private static let members = (0..<3).map { signingKey(271 + $0, as: NodeRole.self) }

    /// A node that hears from three members that are `ahead` of it.
    private func node(ahead: Duration) async throws -> TestNode {
        let node = try await TestNode(270)
        for (number, member) in Self.members.enumerated() {
            node.meet(member, at: "127.0.0.1:\(number + 1)", ahead: ahead)
        }
        return node
    }

    private func store(_ segment: SampleSegment, _ index: Int, on node: TestNode) async throws -> PieceStatement? {
        for part in try segment.parts(of: index) {
            let response = try await node.pieceDesk.response(
                path: StorePart.path,
                body: ByteBuffer(bytes: part),
                from: Self.members[0].id
            )
            guard response.status == 200, case .buffer(let body) = response.body else { return nil }
            let answer = try StoreAnswer(decoding: Array(body.readableBytesView))
            if let statement = answer.statement { return try PieceStatement(decoding: statement) }
        }
        return nil
    }

    @Test(arguments: [1, -1])
    func clockAYearOff_holderTakesStatesAndServesByTheMeshsTime(years: Int) async throws {
        let node = try await node(ahead: Self.year * years)
        let now = wallClock() + Self.year * years
        let owner = try SampleOwner(275)
        let code = try SegmentCode(dataCount: 2, totalCount: 6)
        let lease = now + .seconds(86_400)
        let segment = try SampleSegment(276, owner: owner, code: code, created: now, leaseEnd: lease)
        let statement = try #require(try await store(segment, 0, on: node))
        #expect(statement.until == lease)
        // When it was made decides between twins, so it has to be the mesh's time too.
        let made = Instant(milliseconds: Int64(statement.version >> 12))
        #expect(made >= now - .seconds(300) && made <= now + .seconds(300))
        let read = try PieceRead(
            piece: segment.piece(0),
            units: 0..<1,
            grant: owner.grant(to: Self.members[1].id, until: now + .seconds(60))
        )
        let answer = try await node.pieceDesk.response(
            path: PieceRead.path,
            body: ByteBuffer(bytes: read.encoded),
            from: Self.members[1].id
        )
        #expect(answer.status == 200)
        // What counts by the clock of this machine does not count.
        let own = wallClock() + .seconds(3_600)
        let wrong = try SampleSegment(277, owner: owner, code: code, created: wallClock(), leaseEnd: own)
        #expect((try await store(wrong, 0, on: node) != nil) == (years < 0))
        withExtendedLifetime(node) {}
    }

    @Test(arguments: [1, -1])
    func clockAYearOff_readerBelievesHoldersWhoseTimeIsNotItsOwn(years: Int) async throws {
        let node = try await node(ahead: Self.year * years)
        let now = wallClock() + Self.year * years
        let owner = try SampleOwner(278)
        let code = try SegmentCode(dataCount: 2, totalCount: 6)
        let segment = try SampleSegment(279, owner: owner, code: code, created: now, leaseEnd: now + .seconds(86_400))
        let other = try SampleSegment(280, owner: owner, code: code)
        var known = KnownSegment(segment.record)
        var holders: [FaultyHolder] = []
        for index in 0..<3 {
            let holder = try await FaultyHolder(
                nil,
                number: 281 + UInt64(index),
                holding: index,
                of: segment,
                other: other
            )
            node.meet(holder.key, at: holder.address, ahead: Self.year * years)
            known.merge([try segment.statement(index, by: holder.key)], now: now)
            holders.append(holder)
        }
        let reader = SegmentReader(
            client: PieceClient(client: node.client, mesh: node.mesh, local: node.pieceDesk),
            mesh: node.mesh,
            coders: CoderCache(),
            work: BlockingWork(pool: .singleton),
            logger: quiet
        )
        let (all, segmentKnown) = (holders, known)
        let bytes = try await withThrowingTaskGroup(of: Void.self) { group in
            for holder in all { group.addTask { await holder.server.run(holder) } }
            defer { group.cancelAll() }
            return try await reader.read(0..<1_000, of: segmentKnown, grant: nil)
        }
        let isRight = Array(bytes.readableBytesView) == Array(segment.bytes[0..<1_000])
        #expect(isRight)
        withExtendedLifetime((node, holders)) {}
    }

    @Test func certainTime_needsAsManyClocksAsOutvoteOne() async throws {
        let node = try await TestNode(290)
        func certain() -> Instant? { node.mesh.read { $0.mesh.certainNow(wallClock()) } }
        let minute = Duration.seconds(60)
        // Alone, nobody else can know.
        #expect(try #require(certain()) <= wallClock())
        // Two that disagree by a year: what ends later may be kept for longer.
        node.meet(signingKey(291), at: "127.0.0.1:1", ahead: Self.year)
        #expect(try #require(certain()) < wallClock() + minute)
        node.meet(signingKey(292), at: "127.0.0.1:2")
        node.meet(signingKey(293), at: "127.0.0.1:3")
        let time = try #require(certain())
        #expect(time > wallClock() - minute && time < wallClock() + minute)
        withExtendedLifetime(node) {}
    }
}
