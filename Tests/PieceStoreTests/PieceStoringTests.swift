import Core
import PieceStore
import TestFolders
import Testing

struct PieceStoringTests {
    @Test func pieces_ofManySizes_readBackVerified() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let sizes = [1, 1023, 1024, 1025, 3000, 65_535, 65_536, 65_537, 65_536 + 5000, 3 * 65_536, 300_000]
        let pieces = sizes.enumerated().map { SamplePiece($0.offset, index: $0.offset % 3, bytes: $0.element) }
        do {
            let store = try PieceStore(configuration(folder.store))
            for piece in pieces { try store.put(piece) }
            try check(store, pieces)
        }
        try check(PieceStore(configuration(folder.store)), pieces)
    }

    private func check(_ store: PieceStore, _ pieces: [SamplePiece]) throws {
        for piece in pieces {
            #expect(try store.whole(piece) == piece.bytes)
            #expect(try store.description(piece.segment, piece.index) == piece.description)
            #expect(try store.record(of: piece.segment) == piece.description.record)
            #expect(try store.unitHashes(piece.segment, piece.index).count == piece.description.unitCount)
        }
        try expectSound(store)
        #expect(store.accounting.sound.payloadBytes == Int64(pieces.reduce(0) { $0 + $1.bytes.count }))
        #expect(try store.amount(ofOwner: alice) == store.accounting.sound)
        let held = try store.heldSegments()
        #expect(held == pieces.map(\.segment).sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) })
        #expect(try store.heldSegments(after: held[4], limit: 2) == Array(held[5...6]))
    }

    @Test func units_readAlone_areTheirs() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try PieceStore(configuration(folder.store))
        let piece = SamplePiece(1, bytes: 200_000)
        try store.put(piece)
        #expect(try store.read(piece.segment, 0, units: 1..<3) == Array(piece.bytes[65_536..<3 * 65_536]))
        #expect(try store.read(piece.segment, 0, units: 3..<4) == Array(piece.bytes[(3 * 65_536)...]))
        #expect(code { _ = try store.read(piece.segment, 0, units: 3..<5) } == .invalid)
        #expect(code { _ = try store.read(piece.segment, 1, units: 0..<1) } == .notStored)
    }

    @Test func units_outOfShapeOrMissing_areRefused() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try PieceStore(configuration(folder.store))
        let piece = SamplePiece(1, bytes: 100_000)
        let writer = try store.begin(piece.description)
        #expect(code { try writer.append([1, 2, 3]) } == .invalid)
        try writer.append(piece.bytes[..<65_536])
        #expect(writer.unitsWritten == 1)
        #expect(code { try writer.commit() } == .invalid)
        #expect(code { try store.put(piece) } == .alreadyStored)
        try writer.append(piece.bytes[65_536...])
        #expect(code { try writer.append([1]) } == .invalid)
        try writer.commit()
        #expect(code { try writer.commit() } == .invalid)
        #expect(code { try store.put(piece) } == .alreadyStored)
        #expect(try store.whole(piece) == piece.bytes)
    }

    @Test func root_thatIsWrong_leavesNothing() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try PieceStore(configuration(folder.store))
        let piece = SamplePiece(1, bytes: 100_000)
        let writer = try store.begin(piece.description)
        try writer.append([UInt8](repeating: 7, count: 100_000))
        #expect(code { try writer.commit() } == .wrongRoot)
        #expect(try !store.contains(piece.segment, 0))
        try expectSound(store)
        try store.put(piece)
        #expect(try store.whole(piece) == piece.bytes)
        try expectSound(store)
    }

    @Test func writers_discardedInAnyOrder_leaveNothing() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try PieceStore(configuration(folder.store))
        let pieces = (0..<5).map { SamplePiece($0, bytes: 10_000) }
        var writers = try pieces.map { try store.begin($0.description) }
        for (writer, piece) in zip(writers, pieces) { try writer.append(piece.bytes) }
        try writers[2].commit()
        try expectSound(store)
        writers[1].discard()
        writers[4].discard()
        try writers[3].commit()
        try expectSound(store)
        writers.removeAll()
        #expect(try store.heldSegments().count == 2)
        try store.collectAll(now: now)
        try expectSound(store)
        #expect(store.accounting.dead == PieceAmount())
        #expect(try store.whole(pieces[2]) == pieces[2].bytes && store.whole(pieces[3]) == pieces[3].bytes)
        for piece in [pieces[0], pieces[1], pieces[4]] { try store.put(piece) }
        try expectSound(store)
        for piece in pieces { #expect(try store.whole(piece) == piece.bytes) }
    }

    @Test func limits_ofOwnerSpaceAndWriters_hold() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        var limits = configuration(folder.store, pieceBytesMax: 100 << 10, ownerBytesMax: 60 << 10)
        limits.writersMax = 2
        let store = try PieceStore(limits)
        try store.put(SamplePiece(1, bytes: 20 << 10))
        let open = try store.begin(SamplePiece(2, bytes: 20 << 10).description)
        #expect(code { try store.put(SamplePiece(3, bytes: 20 << 10)) } == .ownerLimit)
        let other = try store.begin(SamplePiece(4, bytes: 20 << 10, owner: bob).description)
        #expect(code { try store.put(SamplePiece(5, bytes: 1, owner: bob)) } == .limit)
        other.discard()
        try store.put(SamplePiece(4, bytes: 20 << 10, owner: bob))
        #expect(code { try store.put(SamplePiece(6, bytes: 28 << 10, owner: bob)) } == .full)
        open.discard()
        try store.collectAll(now: now)
        try store.put(SamplePiece(6, bytes: 28 << 10, owner: bob))
        #expect(code { try store.put(SamplePiece(6, index: 1, bytes: 100)) } == .wrongOwner)
        try expectSound(store)
    }

    @Test func store_openTwice_isInUse() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try PieceStore(configuration(folder.store))
        #expect(code { _ = try PieceStore(configuration(folder.store)) } == .inUse)
        withExtendedLifetime(store) {}
    }

    @Test func statements_keepTheHighestVersionOfHeldSegments() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try PieceStore(configuration(folder.store))
        let (piece, foreign) = (SamplePiece(1, bytes: 100), SamplePiece(2, bytes: 100))
        try store.put(piece, statement: statement(piece, node: 1))
        let kept = try store.putStatements([
            statement(piece, node: 2, version: 5), statement(piece, node: 2, version: 4), statement(foreign, node: 2),
        ])
        #expect(kept == 1)
        #expect(try store.statements(of: piece.segment) == [statement(piece), statement(piece, node: 2, version: 5)])
        #expect(try store.segments(heldBy: [UInt8](repeating: 2, count: 32)) == [piece.segment])
        #expect(try store.segments(heldBy: [UInt8](repeating: 3, count: 32)).isEmpty)
        #expect(store.counters.statementsDropped == 2)
        let many = (0..<PieceStore.statementsPerSegmentMax).map { number in
            StoredStatement(
                piece: PieceKey(segment: piece.segment, index: 0),
                node: Digest(hashing: [UInt8(number & 255), UInt8(number >> 8)]).bytes,
                version: 1,
                until: lease + .seconds(number + 1),
                bytes: []
            )
        }
        try store.putStatements(many)
        let rest = try store.statements(of: piece.segment)
        #expect(rest.count == PieceStore.statementsPerSegmentMax)
        #expect(rest.allSatisfy { $0.until > lease }, "those that end first gave way")
    }
}
