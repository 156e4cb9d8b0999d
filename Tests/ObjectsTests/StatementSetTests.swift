import Core
import GoldenVectors
import Objects
import Testing

@Suite struct PieceStatementTests {
    @Test func statement_v1_decodesVector() throws {
        let made = try statement(29, version: 1_735_689_600_123)
        let vector = try Vectors.bytes("piece-statement-v1", or: made.bytes)
        #expect(try PieceStatement(decoding: vector) == made && vector.count < 360)
        let withdrawn = try statement(0, state: .withdrawn, version: 2)
        #expect(
            try PieceStatement(decoding: Vectors.bytes("piece-statement-withdrawn-v1", or: withdrawn.bytes))
                == withdrawn
        )
    }

    @Test func statement_isTruncatedOrFlipped_isRefused() throws {
        try damage(statement(3).bytes, refusesAll: true) { try PieceStatement(decoding: $0).bytes }
        #expect(throws: ObjectsError.self) { try PieceStatement(decoding: Array(repeating: 0x80, count: 513)) }
    }

    @Test func statement_isForged_isRefused() throws {
        let good = try statement(3)
        let domain = SignatureDomain("holdfast/piece-statement/1")
        let payload = try SignedEnvelope<NodeRole>(decoding: good.bytes, in: domain).payload
        let forged = SignedEnvelope<NodeRole>(signing: payload, in: domain, with: try signingKey(99))
        let error = #expect(throws: ObjectsError.self) { try PieceStatement(decoding: forged.encoded) }
        #expect(error?.code == .badSignature)
        let elsewhere = SignedEnvelope<NodeRole>(
            signing: payload,
            in: SignatureDomain("holdfast/holding/1"),
            with: try signingKey(23)
        )
        #expect(throws: ObjectsError.self) { try PieceStatement(decoding: elsewhere.encoded) }
        guard case .map(var fields) = try CBOR(decoding: payload) else { return }
        for index: CBOR in [.unsigned(255), .unsigned(.max), .negative(0), .null] {
            fields["index"] = index
            let bytes = SignedEnvelope<NodeRole>(
                signing: CBOR.map(fields).encoded(),
                in: domain,
                with: try signingKey(23)
            ).encoded
            #expect(throws: ObjectsError.self) { try PieceStatement(decoding: bytes) }
        }
        for index in [-1, 255] { #expect(throws: ObjectsError.self) { try statement(index) } }
    }
}

@Suite struct StatementSetTests {
    let code = SegmentCode.forMesh(nodes: 3)

    private func set(_ statements: [PieceStatement] = [], now: Instant = start) throws -> StatementSet {
        var set = StatementSet(mesh: meshID, segment: segmentID(1), code: code)
        for statement in statements { _ = try set.merge(statement, now: now) }
        return set
    }

    @Test func statements_areMerged_theHighestVersionWins() throws {
        var set = try set()
        #expect(try set.merge(statement(0, version: 2), now: start) == .taken)
        #expect(try set.merge(statement(0, version: 2), now: start) == .known)
        #expect(try set.merge(statement(0, state: .withdrawn, version: 1), now: start) == .known)
        #expect(set.holders(now: start).count == 1)
        #expect(try set.merge(statement(0, state: .withdrawn, version: 3), now: start) == .taken)
        #expect(set.holders(now: start).isEmpty && set.count == 1)
        #expect(try set.statement(of: statement(0).node, index: 0)?.version == 3)
        #expect(set.missing(now: start) == [0, 1, 2])
    }

    @Test func statements_areOfSomethingElse_areRefused() throws {
        var set = try set()
        let elsewhere = [
            try statement(3), try statement(0, segment: segmentID(2)), try statement(0, mesh: segmentID(2).cid),
        ]
        for statement in elsewhere {
            let error = #expect(throws: ObjectsError.self) { try set.merge(statement, now: start) }
            #expect(error?.code == .mismatch)
        }
        #expect(set.count == 0)
    }

    @Test func holders_areAsked_areTheOnesThatHoldNow() throws {
        let set = try set([
            statement(0, node: 41), statement(0, node: 42), statement(1, node: 43, until: start + day(1)),
            statement(2, node: 44, state: .withdrawn), statement(2, node: 45, state: PieceStatement.State(code: 9)),
        ])
        let holders = set.holders(now: start)
        #expect(holders.keys.sorted() == [0, 1] && holders[0] == holders[0]?.sorted() && holders[0]?.count == 2)
        #expect(set.missing(now: start) == [2])
        #expect(set.missing(now: start + day(1)) == [1, 2] && set.missing(now: start + day(90)) == [0, 1, 2])
        var later = set
        later.forget(endedBefore: start + day(2))
        #expect(later.count == 4)
    }

    @Test func statements_areMergedInAnyOrder_giveOneSet() throws {
        var rng = SplitMix64(seed: 8)
        var statements: [PieceStatement] = []
        for index in 0..<3 {
            for node: UInt8 in 50..<53 {
                for version: UInt64 in 1...3 {
                    let state: PieceStatement.State = version == 2 ? .withdrawn : .holding
                    statements.append(try statement(index, node: node, state: state, version: version))
                }
            }
        }
        // Two statements with one version, which a node must not make.
        statements.append(try statement(0, node: 50, until: start + day(5), version: 3))
        let expected = try set(statements)
        for _ in 0..<50 {
            #expect(try set(statements.shuffled(using: &rng)) == expected)
        }
        #expect(expected.count == 9)
    }

    @Test func set_isFull_dropsWhatCountsNoMoreAndKeepsRoomForEveryNode() throws {
        var full = try set()
        #expect(full.statementsMax == 12)
        for node: UInt8 in 60..<64 {
            for index in 0..<3 { #expect(try full.merge(statement(index, node: node), now: start) == .taken) }
        }
        #expect(full.count == 12)
        let newcomer = try statement(1, node: 70)
        var claimed = full
        #expect(try claimed.merge(newcomer, now: start) == .taken)
        #expect(claimed.count == 12 && claimed.statement(of: newcomer.node, index: 1) == newcomer)
        #expect(try claimed.merge(statement(1, node: 71, state: .withdrawn), now: start) == .full)

        var withdrawn = full
        let gone = try statement(2, node: 62, state: .withdrawn, version: 2)
        #expect(try withdrawn.merge(gone, now: start) == .taken)
        #expect(try withdrawn.merge(newcomer, now: start) == .taken)
        #expect(withdrawn.count == 12 && withdrawn.statement(of: gone.node, index: 2) == nil)

        var many = StatementSet(mesh: meshID, segment: segmentID(1), code: code)
        for node: UInt8 in 80..<92 { _ = try many.merge(statement(0, node: node), now: start) }
        #expect(try many.merge(statement(0, node: 93), now: start) == .full, "nobody said more than one thing")
    }

    @Test func set_v1_decodesVector() throws {
        let made = try set([statement(1, node: 41), statement(0, node: 42), statement(1, node: 43, state: .withdrawn)])
        let vector = try Vectors.bytes("statement-set-v1", or: made.encoded)
        #expect(try decode(vector) == made)
        try damage(vector, refusesAll: true) { try decode($0).encoded }
    }

    @Test func set_isHostile_isRefused() throws {
        let first = CBOR.bytes(try statement(0).bytes)
        let second = CBOR.bytes(try statement(1).bytes)
        let other = CBOR.bytes(try statement(1, segment: segmentID(2)).bytes)
        let hostile: [CBOR] = [
            .array([second, first]), .array([first, first]), .array([first, other]), .array([.null]), .map([:]),
            .array(Array(repeating: first, count: 13)),
        ]
        for value in hostile { #expect(throws: ObjectsError.self) { try decode(value.encoded()) } }
        #expect(try decode(CBOR.array([first, second]).encoded()).count == 2)
        #expect(try decode(CBOR.array([]).encoded()).count == 0)
    }

    private func decode(_ bytes: [UInt8]) throws -> StatementSet {
        try StatementSet(decoding: bytes, mesh: meshID, segment: segmentID(1), code: code)
    }
}
