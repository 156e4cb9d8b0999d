import Core
import PieceStore
import TestFolders
import Testing

struct PieceLifetimeTests {
    @Test func leases_thatEnded_areCollectedAndNothingElse() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try PieceStore(configuration(folder.store))
        let pieces = (0..<8).flatMap { number in (0..<2).map { SamplePiece(number, index: $0, bytes: 30_000) } }
        for piece in pieces { try store.put(piece, statement: statement(piece)) }
        let until = lease + .seconds(1000)
        let extended = [0, 1, 2].map(SamplePiece.segment)
        #expect(try store.extendLease(extended + [SamplePiece.segment(99)], owner: alice, until: until) == 3)
        #expect(try store.extendLease([SamplePiece.segment(5)], owner: bob, until: until) == 0)
        #expect(try store.extendLease([SamplePiece.segment(0)], owner: alice, until: now) == 1)
        #expect(try store.description(SamplePiece.segment(0), 1)?.leaseEnd == until)
        try store.collectAll(now: lease)
        #expect(try store.heldSegments().count == 8)
        let part = try store.collect(now: lease + .milliseconds(1), budget: 3)
        #expect(part.pieces == 3 && part.hasMore)
        try expectSound(store)
        try store.collectAll(now: lease + .milliseconds(1))
        #expect(Set(try store.heldSegments()) == Set(extended))
        #expect(store.counters.collected == 10)
        #expect(store.accounting.dead == PieceAmount())
        try expectSound(store)
        for piece in pieces where extended.contains(piece.segment) { #expect(try store.whole(piece) == piece.bytes) }
        try store.collectAll(now: until + .milliseconds(1))
        #expect(store.accounting == PieceAccounting())
        #expect(try folder.volumes().isEmpty)
        try expectSound(store)
    }

    @Test func tombstones_removeTheirOwnersSegmentsForAsLongAsTheyLast() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        var limits = configuration(folder.store)
        limits.foreignTombstonesMax = 2
        let store = try PieceStore(limits)
        let (mine, other) = (SamplePiece(1, bytes: 70_000), SamplePiece(2, bytes: 70_000, owner: bob))
        try store.put(mine)
        try store.put(other)
        let writer = try store.begin(SamplePiece(1, index: 1, bytes: 100).description)
        try writer.append(SamplePiece(1, index: 1, bytes: 100).bytes)
        let until = now + .seconds(60)
        let segments = [1, 2, 3, 4, 5].map(SamplePiece.segment)
        #expect(try store.entomb(segments, owner: alice, until: until, bytes: [1, 2]) == 3)
        #expect(try store.entomb([mine.segment], owner: alice, until: now, bytes: [3]) == 1)
        #expect(try store.tombstones(of: mine.segment).map(\.bytes) == [[1, 2]])
        #expect(code { try writer.commit() } == .tombstoned)
        #expect(try !store.contains(mine.segment, 0) && store.contains(other.segment, 0))
        #expect(code { _ = try store.whole(mine) } == .notStored)
        #expect(try store.heldSegments() == [other.segment])
        #expect(store.accounting.entombed.count == 1 && store.accounting.tombstones.count == 3)
        #expect(code { try store.put(mine) } == .tombstoned)
        try expectSound(store)
        try store.collectAll(now: now)
        #expect(store.accounting.entombed.count == 0 && store.accounting.sound.count == 1)
        #expect(code { try store.put(mine) } == .tombstoned)
        try expectSound(store)
        try store.collectAll(now: until + .milliseconds(1))
        #expect(try store.tombstones(of: mine.segment).isEmpty)
        try store.put(mine)
        #expect(try store.whole(mine) == mine.bytes)
        #expect(try store.whole(other) == other.bytes)
        try expectSound(store)
    }

    @Test func piece_removed_isGoneAndTheOthersStay() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try PieceStore(configuration(folder.store))
        let pieces = (0..<3).map { SamplePiece(1, index: $0, bytes: 20_000) }
        for piece in pieces { try store.put(piece) }
        #expect(try store.remove(pieces[1].segment, 1))
        #expect(try !store.remove(pieces[1].segment, 1))
        #expect(try store.pieces(of: pieces[0].segment) == [0, 2])
        try expectSound(store)
        try store.put(pieces[1])
        for piece in pieces { #expect(try store.whole(piece) == piece.bytes) }
        for piece in pieces { try store.remove(piece.segment, piece.index) }
        #expect(try store.record(of: pieces[0].segment) == nil)
        try store.collectAll(now: now)
        #expect(store.accounting == PieceAccounting())
        try expectSound(store)
    }

    @Test func segments_withoutPieces_cannotBeExtended() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try PieceStore(configuration(folder.store))
        #expect(try store.extendLease([SamplePiece.segment(1)], owner: alice, until: lease) == 0)
        #expect(try store.collect(now: lease) == Collected())
    }
}
