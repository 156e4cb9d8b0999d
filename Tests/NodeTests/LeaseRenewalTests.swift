import Core
import NIOCore
import Node
import Objects
import Owners
import PieceStore
import Testing
import Transport

/// What a holder makes of renewals: it keeps them, tells others, and takes pieces of segments that only they keep.
@Suite(.timeLimit(.minutes(2)))
struct LeaseRenewalTests {
    private static let day = Duration.seconds(86_400)

    private let node: TestNode
    private let owner: SampleOwner
    private let member = signingKey(261, as: NodeRole.self)
    private let code: SegmentCode

    init() async throws {
        node = try await TestNode(260)
        owner = try SampleOwner(262)
        code = try SegmentCode(dataCount: 2, totalCount: 6)
        node.meet(member, at: "127.0.0.1:1")
    }

    private func ask(_ path: String, _ body: [UInt8]) async throws -> (status: Int, bytes: [UInt8]) {
        let response = try await node.pieceDesk.response(
            path: path,
            body: ByteBuffer(bytes: body),
            from: member.id
        )
        guard case .buffer(let body) = response.body else { throw NodeError(.mesh, "no bytes") }
        return (response.status, Array(body.readableBytesView))
    }

    private func exchange(renewals: [[UInt8]], askingAbout segments: [SegmentID]) async throws -> SyncMessage {
        let message = try SyncMessage(statements: [], tombstones: [], renewals: renewals, askingAbout: segments)
        let answer = try await ask(SyncMessage.path, message.encoded)
        try #require(answer.status == 200, "\(String(decoding: answer.bytes, as: UTF8.self))")
        return try SyncMessage(decoding: answer.bytes, as: .answer)
    }

    /// - Returns: The statement on the piece, or what was said instead.
    private func store(
        _ segment: SampleSegment,
        _ index: Int,
        renewal: [UInt8]? = nil
    ) async throws -> (statement: PieceStatement?, refusal: String?) {
        for part in try segment.parts(of: index, renewal: renewal) {
            let answer = try await ask(StorePart.path, part)
            guard answer.status == 200 else { return (nil, String(decoding: answer.bytes, as: UTF8.self)) }
            if let statement = try StoreAnswer(decoding: answer.bytes).statement {
                return (try PieceStatement(decoding: statement), nil)
            }
        }
        return (nil, "no answer")
    }

    /// A segment whose record ended yesterday.
    private func ended(_ seed: UInt64) throws -> SampleSegment {
        try SampleSegment(
            seed,
            owner: owner,
            code: code,
            created: wallClock() - Self.day * 90,
            leaseEnd: wallClock() - Self.day
        )
    }

    @Test func renewal_isKeptStatedAndToldToWhoAsks() async throws {
        let (segment, other) = (
            try SampleSegment(1, owner: owner, code: code), try SampleSegment(2, owner: owner, code: code)
        )
        #expect(try await store(segment, 0).statement?.until == segment.record.leaseEnd)
        _ = try await store(other, 0)
        let until = wallClock() + Self.day * 60
        let renewal = try owner.renewal(of: [segment.id], until: until)
        let answer = try await exchange(renewals: [renewal], askingAbout: [segment.id, other.id])
        #expect(answer.renewals == [renewal])
        let statements = try answer.statements.map { try PieceStatement(decoding: $0) }
        #expect(statements.first { $0.segment == segment.id }?.until == until)
        #expect(statements.first { $0.segment == other.id }?.until == other.record.leaseEnd)
        #expect(try node.pieces.renewal(of: segment.id.digest)?.bytes == renewal)
        #expect(try node.pieces.description(segment.id.digest, 0)?.leaseEnd == until)
        // Another piece of it that comes with the record alone is kept as long.
        #expect(try await store(segment, 1).statement?.until == until)
        withExtendedLifetime(node) {}
    }

    @Test func renewal_forgedForeignShorterOrTooLong_changesNothing() async throws {
        let segment = try SampleSegment(3, owner: owner, code: code)
        _ = try await store(segment, 0)
        let stranger = try SampleOwner(263)
        var forged = try owner.renewal(of: [segment.id])
        forged[forged.count - 1] ^= 1
        let message = try SyncMessage(statements: [], tombstones: [], renewals: [forged], askingAbout: [])
        #expect(try await ask(SyncMessage.path, message.encoded).status == 400)
        for renewal in [
            try stranger.renewal(of: [segment.id]),
            try owner.renewal(of: [segment.id], until: segment.record.leaseEnd - .seconds(1)),
            try owner.renewal(of: [segment.id], until: wallClock() + SegmentRecord.leaseMax + Self.day),
        ] {
            #expect(try await exchange(renewals: [renewal], askingAbout: [segment.id]).renewals == [])
        }
        #expect(try node.pieces.description(segment.id.digest, 0)?.leaseEnd == segment.record.leaseEnd)
        node.devices.learn(try owner.revocation())
        #expect(
            try await exchange(renewals: [owner.renewal(of: [segment.id])], askingAbout: [segment.id]).renewals == []
        )
        #expect(node.pieces.accounting.renewals == PieceAmount())
        withExtendedLifetime(node) {}
    }

    @Test func piece_whoseRecordHasEnded_isTakenWithTheOwnersRenewalAlone() async throws {
        let segment = try ended(4)
        #expect(try await store(segment, 0).refusal?.contains("lease has ended") == true)
        let until = wallClock() + Self.day * 60
        let renewal = try owner.renewal(of: [segment.id], until: until)
        let stored = try await store(segment, 0, renewal: renewal)
        #expect(stored.statement?.until == until, "\(stored.refusal ?? "")")
        #expect(try node.pieces.renewal(of: segment.id.digest)?.bytes == renewal)
        #expect(try await exchange(renewals: [], askingAbout: [segment.id]).renewals == [renewal])
        // It is a lease like any other: the piece is kept until then and no longer.
        try node.pieces.collect(now: until)
        #expect(try node.pieces.contains(segment.id.digest, 0))
        try node.pieces.collect(now: until + .milliseconds(1))
        #expect(try !node.pieces.contains(segment.id.digest, 0))
        withExtendedLifetime(node) {}
    }

    @Test func piece_withARenewalThatIsNotItsOwn_isRefused() async throws {
        let (segment, other) = (try ended(5), try ended(6))
        var forged = try owner.renewal(of: [segment.id])
        forged[forged.count - 1] ^= 1
        for renewal in [
            forged, try SampleOwner(264).renewal(of: [segment.id]), try owner.renewal(of: [other.id]),
            try owner.renewal(of: [segment.id], until: wallClock() - .seconds(1)),
            try owner.renewal(of: [segment.id], until: wallClock() + SegmentRecord.leaseMax + Self.day), [], [0xFF],
        ] {
            #expect(try await store(segment, 0, renewal: renewal).statement == nil)
        }
        // Nor does one of a device that was revoked.
        let renewal = try owner.renewal(of: [segment.id])
        node.devices.learn(try owner.revocation())
        #expect(try await store(segment, 0, renewal: renewal).refusal?.contains("revoked") == true)
        #expect(node.pieces.accounting == PieceAccounting())
        withExtendedLifetime(node) {}
    }
}
