import Core
import NIOCore
import Node
import Objects
import Owners
import PieceStore
import Testing
import Transport

/// What a node takes, gives and refuses of pieces.
@Suite(.timeLimit(.minutes(2)))
struct PieceDeskTests {
    private let node: TestNode
    private let owner: SampleOwner
    /// A member of the mesh that holds nothing.
    private let member = signingKey(61, as: NodeRole.self)
    private let code: SegmentCode

    init() async throws {
        node = try await TestNode(60)
        owner = try SampleOwner(62)
        code = try SegmentCode(dataCount: 2, totalCount: 6)
        node.meet(member, at: "127.0.0.1:1")
    }

    private func ask(_ path: String, _ body: [UInt8], from peer: NodeID? = nil) async throws -> PeerResponse {
        try await node.pieceDesk.response(path: path, body: ByteBuffer(bytes: body), from: peer ?? member.id)
    }

    private func bytes(_ response: PeerResponse) throws -> [UInt8] {
        guard case .buffer(let body) = response.body else { throw NodeError(.mesh, "no bytes") }
        return Array(body.readableBytesView)
    }

    private func store(_ part: [UInt8], from peer: NodeID? = nil) async throws -> StoreAnswer {
        let response = try await ask(StorePart.path, part, from: peer)
        let answer = try bytes(response)
        try #require(response.status == 200, "\(String(decoding: answer, as: UTF8.self))")
        return try StoreAnswer(decoding: answer)
    }

    private func storeAll(_ segment: SampleSegment, _ index: Int) async throws {
        var last: StoreAnswer?
        for part in try segment.parts(of: index) { last = try await store(part) }
        try #require(last?.state == .stored)
    }

    private func read(
        _ segment: SampleSegment,
        _ index: Int,
        units: Range<Int> = 0..<1,
        grant: [UInt8]?,
        by peer: NodeID
    ) async throws -> PeerResponse {
        let read = try PieceRead(piece: segment.piece(index), units: units, grant: grant)
        return try await ask(PieceRead.path, read.encoded, from: peer)
    }

    private func sync(
        statements: [[UInt8]] = [],
        tombstones: [[UInt8]] = [],
        askingAbout segments: [SegmentID] = []
    ) async throws -> SyncMessage {
        let message = try SyncMessage(
            statements: statements,
            tombstones: tombstones,
            renewals: [],
            askingAbout: segments
        )
        let response = try await ask(SyncMessage.path, message.encoded)
        try #require(response.status == 200)
        return try SyncMessage(decoding: bytes(response), as: .answer)
    }

    // MARK: - Public segments

    /// What is public is read by members without a grant, and by nobody else; what is not public stays closed.
    @Test func publicPiece_isReadWithoutGrant_byMembersAlone() async throws {
        let open = try SampleSegment(31, owner: owner, code: code, isPublic: true)
        let closed = try SampleSegment(32, owner: owner, code: code)
        try await storeAll(open, 1)
        try await storeAll(closed, 1)
        #expect(try await read(open, 1, grant: nil, by: member.id).status == 200)
        #expect(try await read(closed, 1, grant: nil, by: member.id).status == 403)
        let stranger = signingKey(63, as: NodeRole.self)
        #expect(try await read(open, 1, grant: nil, by: stranger.id).status == 403)
        let request = try HoldersRequest(segments: [open.id, closed.id], grant: nil)
        let response = try await ask(HoldersRequest.path, request.encoded)
        let known = try HoldersAnswer(decoding: bytes(response), count: 2).segments
        #expect(known[0] != nil && known[1] == nil)
    }

    // MARK: - Storing

    @Test func piece_inParts_isStoredStatedAndReadBack() async throws {
        let segment = try SampleSegment(1, owner: owner, code: code)
        let parts = try segment.parts(of: 4)
        try #require(parts.count == 3)
        for (unit, part) in parts.dropLast().enumerated() {
            let answer = try await store(part)
            #expect(answer == StoreAnswer(state: .wantsMore, nextUnit: unit + 1, statement: nil))
        }
        let last = try await store(parts[2])
        #expect(last.state == .stored)
        let statement = try PieceStatement(decoding: try #require(last.statement))
        #expect(statement.piece == segment.piece(4) && statement.node == node.id)
        #expect(statement.state == .holding && statement.until == segment.record.leaseEnd)
        // Who sends it again is told so at once.
        #expect(try await store(parts[0]).state == .hadAlready)

        let grant = try owner.grant(to: member.id)
        let answer = try bytes(await read(segment, 4, units: 0..<3, grant: grant, by: member.id))
        let (head, count) = try #require(try PieceReadHead.read(from: answer))
        try head.check(index: 4, of: segment.record)
        let isRight = Array(answer[count...]) == segment.pieces[4]
        #expect(isRight)
        withExtendedLifetime(node) {}
    }

    @Test func part_outOfOrder_isAnsweredWithTheUnitThatIsWanted() async throws {
        let segment = try SampleSegment(2, owner: owner, code: code)
        let parts = try segment.parts(of: 0)
        // Without a beginning, and when it comes twice.
        #expect(try await store(parts[1]).nextUnit == 0)
        #expect(try await store(parts[0]).nextUnit == 1)
        #expect(try await store(parts[2]).nextUnit == 1)
        #expect(try await store(parts[1]).nextUnit == 2)
        #expect(try await store(parts[1]).nextUnit == 2)
        // Who begins anew begins at the front.
        #expect(try await store(parts[0]).nextUnit == 1)
        #expect(try await store(parts[1]).nextUnit == 2)
        #expect(try await store(parts[2]).state == .stored)
        withExtendedLifetime(node) {}
    }

    @Test func piece_arrivingFromOneNode_isNotTakenFromAnother() async throws {
        let segment = try SampleSegment(3, owner: owner, code: code)
        let other = signingKey(63, as: NodeRole.self)
        node.meet(other, at: "127.0.0.1:2")
        let parts = try segment.parts(of: 0)
        _ = try await store(parts[0])
        for part in parts { #expect(try await ask(StorePart.path, part, from: other.id).status == 503) }
        _ = try await store(parts[1])
        #expect(try await store(parts[2]).state == .stored)
        withExtendedLifetime(node) {}
    }

    @Test func piece_ofWrongBytes_isRefusedAndLeavesNothing() async throws {
        let segment = try SampleSegment(4, owner: owner, code: code)
        let other = try SampleSegment(5, owner: owner, code: code)
        var flipped = segment.pieces[1]
        flipped[70_000] ^= 1
        for content in [flipped, segment.pieces[0], other.pieces[1]] {
            let parts = try segment.parts(of: 1, content: content)
            for part in parts.dropLast() { #expect(try await store(part).state == .wantsMore) }
            #expect(try await ask(StorePart.path, parts[2]).status == 409)
            #expect(node.pieces.accounting.sound.count == 0)
        }
        try await storeAll(segment, 1)
        #expect(node.pieces.accounting.sound.count == 1)
        withExtendedLifetime(node) {}
    }

    @Test func segment_thatMayNotBeStored_isRefusedAtItsFirstPart() async throws {
        let now = wallClock()
        let revoked = try SampleOwner(64)
        node.devices.learn(try revoked.revocation())
        let foreign = CID(hashing: [1], codec: .dagCBOR)
        let expired = try SampleSegment(
            6,
            owner: owner,
            code: code,
            created: now - .seconds(7_200),
            leaseEnd: now - .seconds(3_600)
        )
        // A record made in the future could keep its pieces for longer than any may.
        let endless = try SampleSegment(
            7,
            owner: owner,
            code: code,
            created: now + .seconds(86_400),
            leaseEnd: now + .seconds(86_400) + SegmentRecord.leaseMax
        )
        let refused = [
            expired, endless,
            try SampleSegment(8, owner: owner, code: code, mesh: foreign),
            try SampleSegment(9, owner: revoked, code: code),
        ]
        for segment in refused {
            for part in try segment.parts(of: 0).prefix(1) {
                #expect(try await ask(StorePart.path, part).status == 403)
            }
        }
        let good = try SampleSegment(10, owner: owner, code: code)
        let stranger = signingKey(65, as: NodeRole.self).id
        for part in try good.parts(of: 0) {
            #expect(try await ask(StorePart.path, part, from: stranger).status == 403)
        }
        #expect(try await store(good.parts(of: 0)[1]).nextUnit == 0, "nothing was begun")
        withExtendedLifetime(node) {}
    }

    @Test func part_thatDoesNotFitItsRecord_isRefused() async throws {
        let segment = try SampleSegment(11, owner: owner, code: code)
        let other = try SampleSegment(12, owner: owner, code: code)
        func part(_ piece: PieceID, _ pieceByteCount: Int, _ record: [UInt8]) throws -> [UInt8] {
            let body = ArraySlice(segment.pieces[0].prefix(SegmentLayout.unitBytesMax))
            return try StorePart(piece: piece, firstUnit: 0, pieceByteCount: pieceByteCount, record: record, body: body)
                .encoded
        }
        let length = segment.record.layout.pieceByteCount
        var forged = segment.record.bytes
        forged[forged.count - 1] ^= 1
        let parts = [
            try part(segment.piece(0), length, other.record.bytes),
            try part(segment.piece(6), length, segment.record.bytes),
            try part(segment.piece(0), length + 1, segment.record.bytes),
            try part(segment.piece(0), length, forged),
            try part(segment.piece(0), length, []),
        ]
        for part in parts { #expect(try await ask(StorePart.path, part).status == 400) }
        withExtendedLifetime(node) {}
    }

    @Test func session_abandoned_givesItsSpaceBack() async throws {
        // Two of these are more than one owner may have here.
        let whole = try SegmentCode(dataCount: 1, totalCount: 1)
        let (first, second) = (
            try SampleSegment(13, owner: owner, code: whole, byteCount: 36 << 20),
            try SampleSegment(14, owner: owner, code: whole, byteCount: 36 << 20)
        )
        let (one, two) = (try first.parts(of: 0, unitsPerPart: 8)[0], try second.parts(of: 0, unitsPerPart: 8)[0])
        #expect(try await store(one).nextUnit == 8)
        #expect(try await ask(StorePart.path, two).status == 507)
        node.pieceDesk.sweep(now: wallClock() + .seconds(30))
        #expect(try await ask(StorePart.path, two).status == 507)
        node.pieceDesk.sweep(now: wallClock() + .seconds(120))
        #expect(try await store(two).nextUnit == 8)
        withExtendedLifetime(node) {}
    }

    // MARK: - Reading

    @Test func read_withoutPermission_isRefused() async throws {
        let segment = try SampleSegment(20, owner: owner, code: code)
        try await storeAll(segment, 0)
        let revoked = try SampleOwner(66)
        node.devices.learn(try revoked.revocation())
        let stranger = signingKey(67, as: NodeRole.self).id
        let mine = try owner.grant(to: member.id)
        let refused: [(grant: [UInt8]?, by: NodeID)] = [
            (nil, member.id), (nil, stranger), (mine, stranger),
            (try owner.grant(to: stranger), member.id),
            (try SampleOwner(68).grant(to: member.id), member.id),
            (try revoked.grant(to: member.id), member.id),
            (try owner.grant(to: member.id, until: wallClock() - .seconds(3_600)), member.id),
        ]
        for (number, reader) in refused.enumerated() {
            let response = try await read(segment, 0, grant: reader.grant, by: reader.by)
            #expect(response.status == 403, "\(number)")
            let request = try HoldersRequest(segments: [segment.id], grant: reader.grant)
            let answer = try await ask(HoldersRequest.path, request.encoded, from: reader.by)
            #expect(try HoldersAnswer(decoding: bytes(answer), count: 1).segments == [nil], "\(number)")
        }
        #expect(try await read(segment, 0, grant: mine, by: member.id).status == 200)
        // A grant is worth as much as its device.
        node.devices.learn(try owner.revocation())
        #expect(try await read(segment, 0, grant: mine, by: member.id).status == 403)
        withExtendedLifetime(node) {}
    }

    @Test func holders_areToldToWhoMayReadAndToFellowHolders() async throws {
        let segment = try SampleSegment(21, owner: owner, code: code)
        try await storeAll(segment, 0)
        _ = try await sync(statements: [try segment.statement(1, by: member)])
        let request = try HoldersRequest(segments: [segment.id, SegmentID(hashing: [])], grant: nil)
        let answer = try await ask(HoldersRequest.path, request.encoded)
        let known = try HoldersAnswer(decoding: bytes(answer), count: 2).segments
        #expect(known[1] == nil)
        #expect(known[0]?.record == segment.record.bytes)
        let nodes = try known[0]?.statements.map { try PieceStatement(decoding: $0).node }
        #expect(nodes.map(Set.init) == [node.id, member.id])
        #expect(try await read(segment, 0, grant: nil, by: member.id).status == 200)
        withExtendedLifetime(node) {}
    }

    @Test func read_ofWhatIsNotHere_isRefused() async throws {
        let segment = try SampleSegment(22, owner: owner, code: code)
        try await storeAll(segment, 0)
        let grant = try owner.grant(to: member.id)
        #expect(try await read(segment, 1, grant: grant, by: member.id).status == 404)
        #expect(try await read(segment, 6, grant: grant, by: member.id).status == 400)
        #expect(try await read(segment, 0, units: 2..<4, grant: grant, by: member.id).status == 400)
        #expect(try await read(segment, 0, units: 0..<1_024, grant: grant, by: member.id).status == 400)
        let other = try SampleSegment(23, owner: owner, code: code)
        #expect(try await read(other, 0, grant: grant, by: member.id).status == 404)
        withExtendedLifetime(node) {}
    }

    // MARK: - Removing

    @Test func tombstone_ofTheOwner_removesForGood() async throws {
        let segment = try SampleSegment(30, owner: owner, code: code)
        try await storeAll(segment, 0)
        _ = try await sync(tombstones: [try owner.tombstone(of: [segment.id])])
        #expect(node.pieces.accounting.sound.count == 0)
        #expect(try await ask(StorePart.path, segment.parts(of: 0)[0]).status == 410)
        #expect(try await ask(StorePart.path, segment.parts(of: 1)[0]).status == 410)
        // Who still says to hold it learns of the removal.
        let answer = try await sync(statements: [try segment.statement(1, by: member)])
        #expect(try answer.tombstones.map { try Tombstone(decoding: $0).removes(segment.record) } == [true])
        withExtendedLifetime(node) {}
    }

    @Test func tombstone_whileAPieceArrives_givesItsSpaceBackAndRefusesTheRest() async throws {
        let whole = try SegmentCode(dataCount: 1, totalCount: 1)
        let (first, second) = (
            try SampleSegment(34, owner: owner, code: whole, byteCount: 36 << 20),
            try SampleSegment(35, owner: owner, code: whole, byteCount: 36 << 20)
        )
        let parts = try first.parts(of: 0, unitsPerPart: 8)
        let next = try second.parts(of: 0, unitsPerPart: 8)[0]
        #expect(try await store(parts[0]).nextUnit == 8)
        _ = try await sync(tombstones: [try SampleOwner(71).tombstone(of: [first.id])])
        #expect(try await ask(StorePart.path, next).status == 507)
        _ = try await sync(tombstones: [try owner.tombstone(of: [first.id])])
        #expect(try await store(next).nextUnit == 8)
        #expect(try await store(parts[1]).nextUnit == 0)
        #expect(try await ask(StorePart.path, parts[0]).status == 410)
        withExtendedLifetime(node) {}
    }

    @Test func tombstone_ofAnotherOwnerOrARevokedDevice_removesNothing() async throws {
        let segment = try SampleSegment(31, owner: owner, code: code)
        let forger = try SampleOwner(69)
        // Before the segment is here, and after.
        _ = try await sync(tombstones: [try forger.tombstone(of: [segment.id])])
        try await storeAll(segment, 0)
        _ = try await sync(tombstones: [try forger.tombstone(of: [segment.id])])
        var forged = try owner.tombstone(of: [segment.id])
        forged[forged.count - 1] ^= 1
        let message = try SyncMessage(statements: [], tombstones: [forged], renewals: [], askingAbout: [])
        #expect(try await ask(SyncMessage.path, message.encoded).status == 400)
        #expect(node.pieces.accounting.sound.count == 1)
        #expect(try await read(segment, 0, grant: owner.grant(to: member.id), by: member.id).status == 200)

        // What others say of the segment still counts.
        let answer = try await sync(
            statements: [try segment.statement(1, by: member)],
            askingAbout: [segment.id]
        )
        #expect(answer.tombstones == [])
        let nodes = try answer.statements.map { try PieceStatement(decoding: $0).node }
        #expect(Set(nodes) == [node.id, member.id])

        node.devices.learn(try owner.revocation())
        _ = try await sync(tombstones: [try owner.tombstone(of: [segment.id])])
        #expect(node.pieces.accounting.sound.count == 1)
        withExtendedLifetime(node) {}
    }

    @Test func statement_ofAnotherNodesKey_isNotTaken() async throws {
        let segment = try SampleSegment(32, owner: owner, code: code)
        try await storeAll(segment, 0)
        var forged = try segment.statement(1, by: member)
        forged[forged.count - 1] ^= 1
        let message = try SyncMessage(statements: [forged], tombstones: [], renewals: [], askingAbout: [])
        #expect(try await ask(SyncMessage.path, message.encoded).status == 400)
        // A piece that the segment does not have, and an older word than the last.
        _ = try await sync(statements: [try segment.statement(6, by: member)])
        _ = try await sync(statements: [try segment.statement(1, by: member, version: 7)])
        _ = try await sync(statements: [try segment.statement(1, by: member, version: 3)])
        let answer = try await sync(askingAbout: [segment.id])
        let statements = try answer.statements.map { try PieceStatement(decoding: $0) }.filter { $0.node == member.id }
        #expect(statements.map(\.version) == [7] && statements.map(\.index) == [1])
        withExtendedLifetime(node) {}
    }

    @Test func statements_ofNodesThatDoNotExist_areFew() async throws {
        let segment = try SampleSegment(36, owner: owner, code: code)
        try await storeAll(segment, 0)
        for seed in UInt64(100)..<130 {
            let invented = signingKey(seed, as: NodeRole.self)
            _ = try await sync(statements: [
                try segment.statement(1, by: invented), try segment.statement(2, by: invented),
            ])
        }
        #expect(try await sync(askingAbout: [segment.id]).statements.count < 6 + 16)
        _ = try await sync(statements: [try segment.statement(2, by: member)])
        let nodes = try await sync(askingAbout: [segment.id]).statements.map { try PieceStatement(decoding: $0).node }
        #expect(nodes.contains(member.id))
        withExtendedLifetime(node) {}
    }

    @Test func exchange_withAStranger_isRefused() async throws {
        let segment = try SampleSegment(33, owner: owner, code: code)
        try await storeAll(segment, 0)
        let message = try SyncMessage(
            statements: [],
            tombstones: [owner.tombstone(of: [segment.id])],
            renewals: [],
            askingAbout: [segment.id]
        )
        let stranger = signingKey(70, as: NodeRole.self).id
        #expect(try await ask(SyncMessage.path, message.encoded, from: stranger).status == 403)
        #expect(node.pieces.accounting.sound.count == 1)
        withExtendedLifetime(node) {}
    }

    // MARK: - Hostile bytes

    @Test func messages_truncatedOversizedOrGarbled_areRefusedWithAReason() async throws {
        let segment = try SampleSegment(40, owner: owner, code: code)
        let read = try PieceRead(piece: segment.piece(0), units: 0..<1, grant: owner.grant(to: member.id))
        let messages: [(path: String, bytes: [UInt8])] = [
            (StorePart.path, try segment.parts(of: 0)[0]),
            (PieceRead.path, read.encoded),
            (HoldersRequest.path, try HoldersRequest(segments: [segment.id], grant: nil).encoded),
            (
                SyncMessage.path,
                try SyncMessage(
                    statements: [segment.statement(1, by: member)],
                    tombstones: [owner.tombstone(of: [segment.id])],
                    renewals: [],
                    askingAbout: [segment.id]
                ).encoded
            ),
        ]
        for (path, bytes) in messages {
            let cuts = Set(stride(from: 0, to: bytes.count, by: max(bytes.count / 97, 1)))
            for cut in cuts.union([1, 3, 4, bytes.count - 1]).sorted() {
                #expect(try await ask(path, Array(bytes.prefix(cut))).status == 400, "\(path), \(cut) bytes")
            }
            for huge in [[UInt8](repeating: 0, count: 1 << 20 + 1), [UInt8](repeating: 0xFF, count: 1 << 20 + 1)] {
                #expect(try await ask(path, huge).status == 400, "\(path)")
            }
            #expect(try await ask(path, bytes + [UInt8](repeating: 0, count: 1 << 20)).status == 400, "\(path)")
        }
        #expect(try await ask("/piece/none", []).status == 404)
        #expect(node.pieces.accounting.sound.count == 0)
        withExtendedLifetime(node) {}
    }

    @Test func message_withAnyByteChanged_neverCrashesTheNode() async throws {
        let segment = try SampleSegment(41, owner: owner, code: code)
        let message = try SyncMessage(
            statements: [segment.statement(1, by: member)],
            tombstones: [owner.tombstone(of: [segment.id])],
            renewals: [],
            askingAbout: [segment.id]
        ).encoded
        let head = try segment.parts(of: 0)[0].prefix(2_000)
        for (path, bytes) in [(SyncMessage.path, message), (StorePart.path, Array(head))] {
            for place in stride(from: 0, to: bytes.count, by: 7) {
                var changed = bytes
                changed[place] ^= 0x41
                let status = try await ask(path, changed).status
                #expect([200, 400, 403].contains(status), "\(path), byte \(place)")
            }
        }
        withExtendedLifetime(node) {}
    }
}
