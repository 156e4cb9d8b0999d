import Core
import NIOCore
import Node
import Publishing
import Testing
import Transport

/// The answer to a request to hold a site, as it arrives.
struct HoldAnswerTests {
    private struct Reading: Equatable {
        var copying: [Bool]
        var isHeld: Bool
        var reason: String
    }

    private func read(_ pieces: [[UInt8]]) -> Reading {
        var answer = HoldAnswer()
        let copying = pieces.map { answer.read(ByteBuffer(bytes: $0)) }
        return Reading(copying: copying, isHeld: answer.isHeld, reason: answer.reason)
    }

    private static let brokenOff = "the answer broke off"

    @Test(
        arguments: [
            ([], [], false, brokenOff),
            ([[]], [false], false, brokenOff),
            ([[0]], [true], false, brokenOff),
            ([[0, 0], [0]], [true, true], false, brokenOff),
            ([[1]], [false], true, brokenOff),
            ([[0, 0, 1]], [true], true, brokenOff),
            ([[0], [1]], [true, false], true, brokenOff),
            // After the last word nothing counts.
            ([[1, 2, 0x78]], [false], true, brokenOff),
            ([[2]], [false], false, ""),
            ([[2, 0x6E, 0x6F]], [false], false, "no"),
            ([[0, 2, 0x6E], [0x6F]], [true, false], false, "no"),
            ([[2], [0x6E], [0x6F]], [false, false, false], false, "no"),
            // Neither in a reason: it is text.
            ([[2, 1]], [false], false, "?"),
            ([[2, 0, 1, 0x6E]], [false], false, "??n"),
            // A word of a later version is a refusal.
            ([[9, 0x6E]], [false], false, "n"),
            // No reason reaches the terminal as it came.
            ([[2] + Array("\u{1B}[31mé\n".utf8)], [false], false, "?[31m???"),
        ] as [([[UInt8]], [Bool], Bool, String)]
    )
    func answer_inPieces_isRead(pieces: [[UInt8]], copying: [Bool], isHeld: Bool, reason: String) {
        #expect(read(pieces) == Reading(copying: copying, isHeld: isHeld, reason: reason))
    }

    @Test func answer_byteByByte_readsLikeInOnePiece() {
        let bytes = [0, 0, 2] + Array("the disk is full".utf8)
        let whole = read([bytes])
        let split = read(bytes.map { [$0] })
        #expect(split.isHeld == whole.isHeld)
        #expect(split.reason == whole.reason)
    }

    @Test func reason_overItsLimit_isCut() {
        let long = [UInt8](repeating: 0x61, count: 3 * HoldAnswer.reasonBytesMax)
        #expect(read([[2] + long]).reason.utf8.count == HoldAnswer.reasonBytesMax)
        #expect(read([[2]] + long.map { [$0] }).reason.utf8.count == HoldAnswer.reasonBytesMax)
    }
}

/// The answering side, over a socket.
@Suite(.timeLimit(.minutes(2)))
struct HoldDeskTests {
    private let publisher = signingKey(50, as: PublisherRole.self)

    private func record() throws -> PublicationRecord {
        let publication = try TestMesh.publication(of: SampleSite(1), publisher: publisher)
        return try PublicationRecord(signing: publication, publisher: publisher, sponsor: TestMesh.founder)
    }

    private struct Desk: PeerRequestHandling {
        let answer: @Sendable (PeerRequest) -> PeerResponse
        func handle(_ request: PeerRequest) async throws -> PeerResponse { answer(request) }
    }

    /// What a node reads that asks a node with this answer.
    private func ask(
        _ answer: @escaping @Sendable (HoldDesk, PeerRequest) -> PeerResponse
    ) async throws -> HoldAnswer {
        let node = try await TestNode(20)
        let asker = try await TestNode(21)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await node.server.run(Desk { answer(node.holds, $0) }) }
            let stream = try await asker.client.request(
                to: node.id,
                at: [node.address],
                path: "/hold",
                deadline: .now + .seconds(60)
            )
            var read = HoldAnswer()
            for try await piece in stream { _ = read.read(piece) }
            await asker.client.shutdown()
            await node.client.shutdown()
            group.cancelAll()
            withExtendedLifetime((node, asker)) {}
            return read
        }
    }

    @Test func hold_thatFails_isRefusedWithAPrintableReason() async throws {
        let record = try record()
        let publisher = publisher.id
        let answer = try await ask { desk, request in
            let response = desk.response(to: record.bytes, from: request.peer)
            desk.settle(publisher, failure: "the disk is full\n" + String(repeating: "x", count: 4_096))
            return response
        }
        #expect(!answer.isHeld)
        #expect(answer.reason.hasPrefix("the disk is full?x"))
        #expect(answer.reason.utf8.count == HoldAnswer.reasonBytesMax)
    }

    @Test func hold_thatIsDurable_isSaid() async throws {
        let record = try record()
        let publisher = publisher.id
        let node = try await TestNode(22)
        node.mesh.repair { repair, now in repair.imported(HeldSite(own: record.publication), now: now) }
        #expect(node.mesh.read { $0.repair.holds(publisher, sequence: record.publication.sequence) })
        let answer = try await ask { _, request in node.holds.response(to: record.bytes, from: request.peer) }
        #expect(answer.isHeld)
        withExtendedLifetime(node) {}
    }

    @Test func holds_overTheLimit_areRefusedUntilOthersAreSettled() async throws {
        let record = try record()
        let node = try await TestNode(23)
        for _ in 0..<HoldDesk.waitingMax {
            #expect(node.holds.response(to: record.bytes, from: signingKey(24).id).status == 200)
        }
        #expect(node.holds.response(to: record.bytes, from: signingKey(24).id).status == 503)
        node.holds.settle(publisher.id, failure: "no")
        #expect(node.holds.response(to: record.bytes, from: signingKey(24).id).status == 200)
        withExtendedLifetime(node) {}
    }

    @Test func publication_thatIsForgedOrOfAnotherMesh_isRefused() async throws {
        let node = try await TestNode(25)
        let stranger = signingKey(51, as: OperatorRole.self)
        let publication = try TestMesh.publication(of: SampleSite(1), publisher: publisher)
        let now = wallClock()
        let foreign = try Publication.publishing(
            PublishOrder(root: publication.root ?? CID(hashing: [], codec: .raw), byteCount: 1, ipns: [1]),
            mesh: CID(hashing: [1], codec: .dagCBOR),
            publisher: publisher.id,
            sponsor: TestMesh.founder.id,
            after: nil,
            sequence: 1,
            now: now
        )
        let unsponsored = try Publication.publishing(
            PublishOrder(root: publication.root ?? CID(hashing: [], codec: .raw), byteCount: 1, ipns: [1]),
            mesh: TestMesh.genesis.mesh,
            publisher: publisher.id,
            sponsor: stranger.id,
            after: nil,
            sequence: 1,
            now: now
        )
        let good = try record().bytes
        var flipped = good
        flipped[good.count / 2] ^= 1
        let records: [[UInt8]] = [
            [], [0xFF], flipped, good.dropLast(),
            try PublicationRecord(signing: foreign, publisher: publisher, sponsor: TestMesh.founder).bytes,
            try PublicationRecord(signing: unsponsored, publisher: publisher, sponsor: stranger).bytes,
        ]
        for bytes in records { #expect(node.holds.response(to: bytes, from: signingKey(24).id).status == 403) }
        #expect(node.mesh.read { $0.repair.index.publication(of: publisher.id) } == nil)
        withExtendedLifetime(node) {}
    }
}
