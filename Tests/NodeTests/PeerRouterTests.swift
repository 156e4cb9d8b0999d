import Content
import Core
import Exchange
import Mesh
import NIOCore
import Node
import Publishing
import Testing
import Transport

/// What a node says to peers that ask for the wrong thing.
@Suite(.timeLimit(.minutes(2)))
struct PeerRouterTests {
    /// Asks a running node with the key of another one that is no member, or is.
    private func withNode(
        member: Bool = false,
        _ body: @Sendable (TestNode, @escaping @Sendable (String, [UInt8]) async throws -> [UInt8]) async throws -> Void
    ) async throws {
        let node = try await TestNode(70)
        let asker = try await TestNode(71)
        if member { node.meet(asker.key, at: asker.address) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await node.server.run(node.router) }
            do {
                try await body(node) { path, bytes in
                    let answer = try await asker.client.call(
                        to: node.id,
                        at: [node.address],
                        path: path,
                        body: ByteBuffer(bytes: bytes),
                        responseBytesMax: 1 << 20,
                        deadline: .now + .seconds(60)
                    )
                    return Array(buffer: answer)
                }
            } catch {
                group.cancelAll()
                throw error
            }
            await asker.client.shutdown()
            await node.client.shutdown()
            group.cancelAll()
        }
        withExtendedLifetime((node, asker)) {}
    }

    private func expectRefusal(_ status: Int, _ body: () async throws -> Void) async {
        do {
            try await body()
            Issue.record("no refusal with \(status)")
        } catch {
            #expect((error as? TransportError)?.status == status, "\(error)")
        }
    }

    @Test func stranger_isServedBlocksButPlacesNoCopies() async throws {
        try await withNode { node, ask in
            let site = try SampleSite(1)
            try node.store.take(site, at: wallClock())
            #expect(!node.router.isMember(signingKey(71).id))
            let request = ExchangeRequest.blocks(site.blocks.map(\.cid))
            #expect(try await ask(request.path, request.encoded) == FaultyPeer.archive(site.blocks))
            let publisher = signingKey(50, as: PublisherRole.self)
            let record = try PublicationRecord(
                signing: TestMesh.publication(of: site, publisher: publisher),
                publisher: publisher,
                sponsor: TestMesh.founder
            )
            let hold = ExchangeRequest.hold(publication: record.bytes)
            await expectRefusal(403) { _ = try await ask(hold.path, hold.encoded) }
            #expect(node.mesh.read { $0.repair.index.publication(of: publisher.id) } == nil)
        }
    }

    @Test func member_withNoPublication_isRefused() async throws {
        try await withNode(member: true) { node, ask in
            #expect(node.router.isMember(signingKey(71).id))
            let hold = ExchangeRequest.hold(publication: [1, 2, 3])
            await expectRefusal(403) { _ = try await ask(hold.path, hold.encoded) }
        }
    }

    @Test(arguments: ["/", "/none", "/blocks/", "/blocks?x", "/gossip/x", "/../blocks"])
    func unknownPath_isNotFound(path: String) async throws {
        try await withNode { _, ask in await expectRefusal(404) { _ = try await ask(path, []) } }
    }

    @Test(arguments: ["/blocks", "/have", "/entity", "/hold", "/admit"])
    func malformedBody_isABadRequest(path: String) async throws {
        try await withNode { _, ask in
            for body in [[], [0xFF], [0xA0], Array(repeating: 0x9F, count: 1_000)] as [[UInt8]] {
                await expectRefusal(400) { _ = try await ask(path, body) }
            }
        }
    }

    @Test func emptyWantList_isABadRequest() async throws {
        try await withNode { _, ask in
            let request = ExchangeRequest.blocks([])
            await expectRefusal(400) { _ = try await ask(request.path, request.encoded) }
        }
    }

    @Test func tooMuch_isRefusedAsTooLarge() async throws {
        try await withNode { _, ask in
            let cids = (0...ExchangeRequest.cidsMax).map {
                CID(hashing: [UInt8($0 & 0xFF), UInt8($0 >> 8)], codec: .raw)
            }
            let path = Array(repeating: "a", count: ExchangeRequest.pathSegmentsMax + 1)
            let record = [UInt8](repeating: 0, count: ExchangeRequest.recordBytesMax + 1)
            for request in [
                .blocks(cids), .have(cids), .entity(root: cids[0], path: path, bytes: nil), .hold(publication: record),
                .admit(admission: record),
            ] as [ExchangeRequest] {
                await expectRefusal(413) { _ = try await ask(request.path, request.encoded) }
            }
        }
    }

    @Test func blocks_askedForTwice_comeOnce() async throws {
        try await withNode { node, ask in
            let site = try SampleSite(1)
            try node.store.take(site, at: wallClock())
            let missing = CID(hashing: [1], codec: .raw)
            let leaf = site.leaves[0]
            let request = ExchangeRequest.blocks([missing, leaf.cid, leaf.cid, missing])
            var reader = CARReader()
            reader.feed(try await ask(request.path, request.encoded))
            #expect(try reader.next() == leaf)
            #expect(try reader.next() == nil)
            try reader.finish()
        }
    }

    @Test func entity_asFarAsItIsHere_isSent() async throws {
        try await withNode { node, ask in
            let site = try SampleSite(1)
            try node.store.take(site, at: wallClock())
            func blocks(_ path: [String]) async throws -> [CID] {
                let request = ExchangeRequest.entity(root: site.root, path: path, bytes: nil)
                var reader = CARReader()
                reader.feed(try await ask(request.path, request.encoded))
                var cids: [CID] = []
                while let block = try reader.next() { cids.append(block.cid) }
                try reader.finish()
                return cids
            }
            #expect(try await blocks([]) == [site.root])
            let whole = try await blocks([SampleSite.fileName])
            #expect(Set(whole) == Set(site.blocks.map(\.cid)))
            // What leads nowhere is proven by what was read: no such name, a file that is no folder, a name that none is.
            #expect(try await blocks(["none"]) == [site.root])
            #expect(try await blocks([SampleSite.fileName, "x"]).first == site.root)
            await expectRefusal(404) { _ = try await blocks([".."]) }
            let nowhere = ExchangeRequest.entity(root: CID(hashing: [9], codec: .dagPB), path: [], bytes: nil)
            await expectRefusal(404) { _ = try await ask(nowhere.path, nowhere.encoded) }
        }
    }

    @Test func admission_withoutAnInvitationFromHere_isRefused() async throws {
        try await withNode { node, ask in
            let garbage = ExchangeRequest.admit(admission: [1])
            await expectRefusal(403) { _ = try await ask(garbage.path, garbage.encoded) }
            let invitation = try Invitation(node.desk.invite(expires: nil, once: true))
            let admission = invitation.admission(of: signingKey(80), now: wallClock())
            let request = ExchangeRequest.admit(admission: admission.bytes)
            let answer = try AdmissionRecord(decoding: try await ask(request.path, request.encoded))
            #expect(answer.isComplete)
        }
    }

    @Test func gossip_thatIsNone_isAnsweredWithNothing() async throws {
        try await withNode { node, ask in
            for body in [[], [0xFF], Array(repeating: 0x41, count: 600_000)] as [[UInt8]] {
                let answer = try await ask(MeshService.gossipPath, body)
                #expect(answer.isEmpty)
            }
            #expect(node.mesh.read { $0.mesh.members.isEmpty })
        }
    }
}

/// How messages travel in the answer to a message.
struct GossipAnswerTests {
    @Test(arguments: [0, 1, 2, MeshService.answerMessagesMax])
    func messages_thatFit_comeBack(count: Int) {
        let messages = (0..<count).map { [UInt8](repeating: UInt8($0), count: $0 * 300) }
        let (bytes, rest) = MeshService.encode(messages)
        #expect(rest.isEmpty)
        #expect(bytes.isEmpty == (count == 0))
        #expect(MeshService.messages(in: bytes) == messages)
    }

    @Test func messages_overTheirNumber_areLeftForLater() {
        let messages = (0..<MeshService.answerMessagesMax + 3).map { [UInt8($0)] }
        let (bytes, rest) = MeshService.encode(messages)
        #expect(MeshService.messages(in: bytes) + rest == messages)
        #expect(rest.count == 3)
    }

    /// An answer over the limit would be refused as a whole by the one who asked.
    @Test func messages_overTheirBytes_areLeftForLater() {
        let messages = (0..<12).map { [UInt8](repeating: UInt8($0), count: MeshLimits.messageBytesMax) }
        let (bytes, rest) = MeshService.encode(messages)
        #expect(bytes.count <= MeshService.answerBytesMax)
        #expect(!rest.isEmpty)
        #expect(MeshService.messages(in: bytes) + rest == messages)
    }

    @Test(
        arguments: [
            [], [0xFF], [0x80], [0xA0], [0x81], [0x41, 0x00], [0x9B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
            [0x82, 0x01, 0x02], Array(repeating: 0x81, count: 10_000),
        ] as [[UInt8]]
    )
    func answer_thatIsNone_holdsNoMessages(bytes: [UInt8]) {
        #expect(MeshService.messages(in: bytes).isEmpty)
    }

    @Test func answer_withTooMany_isReadUpToTheLimit() {
        let many = CBOR.array((0..<1_000).map { _ in .bytes([1]) }).encoded()
        #expect(MeshService.messages(in: many).count == MeshService.answerMessagesMax)
    }
}
