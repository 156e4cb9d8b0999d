import Core
import GoldenVectors
import Objects
import Testing

@Suite struct SyncMessageTests {
    let signers: Signers

    init() throws { signers = try Signers() }

    @Test func holdersRequest_v1_decodesVector() throws {
        let made = try HoldersRequest(segments: (0..<3).map(segmentID), grant: signers.grant().bytes)
        #expect(try HoldersRequest(decoding: Vectors.bytes("holders-request-v1", or: made.encoded)) == made)
        let plain = try HoldersRequest(segments: [segmentID(1)], grant: nil)
        try damage(plain.encoded, bits: Array(0..<8), refusesAll: false) { try HoldersRequest(decoding: $0).encoded }
        let largest = try HoldersRequest(
            segments: (0..<64).map(segmentID),
            grant: Array(repeating: 0, count: Grant.bytesMax)
        )
        #expect(try HoldersRequest(decoding: largest.encoded) == largest)
        #expect(throws: ObjectsError.self) { try HoldersRequest(segments: (0..<65).map(segmentID), grant: nil) }
        #expect(throws: ObjectsError.self) {
            try HoldersRequest(segments: [], grant: Array(repeating: 0, count: Grant.bytesMax + 1))
        }
        let many = CBOR.map(["segments": .array((0..<65).map { .bytes(segmentID($0).bytes) }), "grant": .null])
        #expect(throws: ObjectsError.self) { try HoldersRequest(decoding: many.encoded()) }
    }

    @Test func holdersAnswer_v1_decodesVector() throws {
        let made = try HoldersAnswer(segments: [
            nil, HoldersAnswer.Known(record: [1, 2], statements: [[3], [4, 5]]),
            HoldersAnswer.Known(record: [], statements: []),
        ])
        let vector = try Vectors.bytes("holders-answer-v1", or: made.encoded)
        #expect(try HoldersAnswer(decoding: vector, count: 3) == made)
        try damage(vector, bits: Array(0..<8), refusesAll: false) { try HoldersAnswer(decoding: $0, count: 3).encoded }
        for count in [0, 2, 4] {
            #expect(throws: ObjectsError.self) { try HoldersAnswer(decoding: vector, count: count) }
        }
    }

    @Test func holdersAnswer_isTooLarge_isRefused() throws {
        func known(record: Int = 10, statements: Int = 1, each: Int = 10) -> HoldersAnswer.Known {
            HoldersAnswer.Known(
                record: Array(repeating: 0, count: record),
                statements: Array(repeating: Array(repeating: 0, count: each), count: statements)
            )
        }
        let fitting = try HoldersAnswer(
            segments: Array(repeating: known(record: 2_000, statements: 120, each: 340), count: 64)
        )
        #expect(fitting.encoded.count <= HoldersAnswer.bytesMax)
        #expect(try HoldersAnswer(decoding: fitting.encoded, count: 64) == fitting)
        let tooLarge: [HoldersAnswer.Known] = [
            known(record: SegmentRecord.bytesMax + 1), known(statements: HoldersAnswer.statementsMax + 1),
            known(each: PieceStatement.bytesMax + 1),
        ]
        for known in tooLarge {
            #expect(throws: ObjectsError.self) { try HoldersAnswer(segments: [known]) }
            let bytes = CBOR.array([
                .map([
                    "record": .bytes(known.record), "statements": .array(known.statements.map { .bytes($0) }),
                ])
            ]).encoded()
            #expect(throws: ObjectsError.self) { try HoldersAnswer(decoding: bytes, count: 1) }
        }
        #expect(throws: ObjectsError.self) {
            try HoldersAnswer(segments: Array(repeating: known(statements: 1_020, each: 512), count: 9))
        }
        #expect(throws: ObjectsError.self) { try HoldersAnswer(segments: Array(repeating: nil, count: 65)) }
    }

    @Test func sync_v1_decodesVectors() throws {
        let request = try SyncMessage(
            statements: [statement(1).bytes],
            tombstones: [signers.tombstone([segmentID(2)]).bytes],
            renewals: [signers.renewal([segmentID(3)]).bytes],
            askingAbout: [segmentID(4), segmentID(5)]
        )
        #expect(
            try SyncMessage(decoding: Vectors.bytes("sync-request-v1", or: request.encoded), as: .request) == request
        )
        let answer = try SyncMessage(answering: [statement(1).bytes], tombstones: [], renewals: [])
        #expect(try SyncMessage(decoding: Vectors.bytes("sync-answer-v1", or: answer.encoded), as: .answer) == answer)
        #expect(throws: ObjectsError.self) { try SyncMessage(decoding: answer.encoded, as: .request) }
        let small = try SyncMessage(statements: [[1]], tombstones: [[2]], renewals: [[3]], askingAbout: [segmentID(1)])
        try damage(small.encoded, bits: Array(0..<8), refusesAll: false) {
            try SyncMessage(decoding: $0, as: .request).encoded
        }
    }

    @Test func sync_isAtItsLimits_isTakenAndRefusedBeyond() throws {
        func make(_ statements: Int, _ tombstones: Int, _ renewals: Int, _ segments: Int) throws -> SyncMessage {
            try SyncMessage(
                statements: Array(repeating: Array(repeating: 0, count: PieceStatement.bytesMax), count: statements),
                tombstones: Array(repeating: Array(repeating: 0, count: Tombstone.bytesMax), count: tombstones),
                renewals: Array(repeating: Array(repeating: 0, count: LeaseRenewal.bytesMax), count: renewals),
                askingAbout: (0..<segments).map(segmentID)
            )
        }
        let largest = try make(512, 16, 16, 256)
        #expect(largest.encoded.count <= SyncMessage.bytesMax)
        #expect(try SyncMessage(decoding: largest.encoded, as: .request) == largest)
        for (statements, tombstones, renewals, segments) in [
            (513, 0, 0, 0), (0, 17, 0, 0), (0, 0, 17, 0), (0, 0, 0, 257),
        ] {
            #expect(throws: ObjectsError.self) { try make(statements, tombstones, renewals, segments) }
            let bytes = CBOR.map([
                "statements": .array(Array(repeating: .bytes([]), count: statements)),
                "tombstones": .array(Array(repeating: .bytes([]), count: tombstones)),
                "renewals": .array(Array(repeating: .bytes([]), count: renewals)),
                "segments": .array((0..<segments).map { .bytes(segmentID($0).bytes) }),
            ]).encoded()
            #expect(throws: ObjectsError.self) { try SyncMessage(decoding: bytes, as: .request) }
        }
        #expect(throws: ObjectsError.self) {
            try SyncMessage(decoding: Array(repeating: 0, count: SyncMessage.bytesMax + 1), as: .answer)
        }
    }

    @Test func paths_ofMessages_differ() {
        let paths = [StorePart.path, PieceRead.path, HoldersRequest.path, SyncMessage.path]
        #expect(paths == ["/piece/store", "/piece/read", "/segment/holders", "/segment/sync"])
    }
}
