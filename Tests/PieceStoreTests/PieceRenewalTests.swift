import Core
import Foundation
import GRDB
import PieceStore
import TestFolders
import Testing

/// What owners said to keep segments longer.
struct PieceRenewalTests {
    private let until = lease + .seconds(1000)

    private func renewal(_ number: UInt8, until: Instant? = nil) -> StoredRenewal {
        StoredRenewal(until: until ?? self.until, bytes: [UInt8](repeating: number, count: 100))
    }

    private func extend(_ store: PieceStore, _ segments: [Int], _ renewal: StoredRenewal) throws -> Int {
        try store.extendLease(
            segments.map(SamplePiece.segment),
            owner: alice,
            until: renewal.until,
            renewal: renewal.bytes
        )
    }

    @Test func renewal_isKeptOnceForAllItsSegmentsAndGoesWithTheLast() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        var store = try PieceStore(configuration(folder.store))
        for number in 0..<3 { try store.put(SamplePiece(number, bytes: 1000)) }
        try store.put(SamplePiece(3, bytes: 1000, owner: bob))
        #expect(try store.renewal(of: SamplePiece.segment(0)) == nil)
        // Those of another owner, and that are not here, are left out.
        #expect(try extend(store, [0, 1, 3, 4], renewal(1)) == 2)
        #expect(try store.renewal(of: SamplePiece.segment(0)) == renewal(1))
        #expect(try store.renewal(of: SamplePiece.segment(3)) == nil)
        #expect(store.accounting.renewals == PieceAmount(count: 1, payloadBytes: 100))
        try expectSound(store)
        // The same again changes nothing, a shorter one does not count, a longer one takes its place.
        #expect(try extend(store, [0, 1], renewal(1)) == 2)
        #expect(try extend(store, [0], renewal(2, until: until - .seconds(1))) == 1)
        #expect(try store.renewal(of: SamplePiece.segment(0)) == renewal(1))
        let longer = renewal(3, until: until + .seconds(1))
        #expect(try extend(store, [0], longer) == 1)
        #expect(try store.renewal(of: SamplePiece.segment(0)) == longer)
        #expect(try store.renewal(of: SamplePiece.segment(1)) == renewal(1))
        #expect(store.accounting.renewals == PieceAmount(count: 2, payloadBytes: 200))
        try expectSound(store)
        store = try reopened(store, folder)
        #expect(try store.renewal(of: SamplePiece.segment(0)) == longer)
        try store.remove(SamplePiece.segment(1), 0)
        #expect(store.accounting.renewals == PieceAmount(count: 1, payloadBytes: 100))
        try expectSound(store)
        try store.collectAll(now: until + .seconds(2))
        #expect(store.accounting == PieceAccounting())
        try expectSound(store)
    }

    private func reopened(_ store: consuming PieceStore, _ folder: TemporaryFolder) throws -> PieceStore {
        _ = consume store
        return try PieceStore(configuration(folder.store))
    }

    @Test func piece_storedWithARenewal_isKeptByIt() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try PieceStore(configuration(folder.store))
        var piece = SamplePiece(1, bytes: 70_000, leaseEnd: until)
        piece.description.renewal = renewal(1)
        try store.put(piece)
        #expect(try store.renewal(of: piece.segment) == renewal(1))
        try store.collectAll(now: lease + .seconds(1))
        #expect(try store.whole(piece) == piece.bytes)
        piece = SamplePiece(2, bytes: 10)
        piece.description.renewal = StoredRenewal(until: until, bytes: [UInt8](repeating: 0, count: 10_241))
        #expect(code { try store.put(piece) } == .limit)
        try expectSound(store)
    }

    @Test func renewal_afterTheIndexWasLost_isLearntAgainThoughTheLeaseIsAsLong() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        do {
            let store = try PieceStore(configuration(folder.store))
            try store.put(SamplePiece(0, bytes: 1000), statement: statement(SamplePiece(0, bytes: 1000)))
            _ = try extend(store, [0], renewal(1))
        }
        try FileManager.default.removeItem(atPath: folder.store + "/index.sqlite")
        let store = try PieceStore(configuration(folder.store))
        let segment = SamplePiece.segment(0)
        #expect(store.opening.rebuilt)
        #expect(try store.description(segment, 0)?.leaseEnd == until && store.renewal(of: segment) == nil)
        #expect(try store.statements(of: segment).isEmpty)
        #expect(try extend(store, [0], renewal(1)) == 1)
        #expect(try store.renewal(of: segment) == renewal(1))
        try expectSound(store)
    }

    @Test func index_ofTheFirstFormat_isUpgradedInPlace() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let piece = SamplePiece(0, bytes: 1000)
        do {
            let store = try PieceStore(configuration(folder.store))
            try store.put(piece, statement: statement(piece))
        }
        // As version 1 left it.
        try folder.execute(
            "DROP TABLE renewal; DROP TABLE renewed; DELETE FROM account WHERE state = 5;"
                + "PRAGMA user_version = 1; PRAGMA application_id = \(0x4846_5001)"
        )
        let store = try PieceStore(configuration(folder.store))
        // Built anew, it would have lost the statement.
        #expect(!store.opening.rebuilt)
        #expect(try store.statements(of: piece.segment) == [statement(piece)])
        #expect(try extend(store, [0], renewal(1)) == 1)
        try expectSound(store)
    }

    @Test(arguments: [
        "UPDATE account SET payload = payload + 1 WHERE state = 0", "UPDATE account SET payload = 99 WHERE state = 5",
        "UPDATE owner SET payload = payload - 1", "DELETE FROM renewal", "DELETE FROM renewed",
        "UPDATE piece SET bytes = bytes + 1", "UPDATE volume SET live = live - 4096, length = length - 4096",
    ])
    func account_changedByHand_isFoundByCounting(how: String) throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        do {
            let store = try PieceStore(configuration(folder.store))
            try store.put(SamplePiece(0, bytes: 1000))
            _ = try extend(store, [0], renewal(1))
            try expectSound(store)
        }
        let store = try PieceStore(configuration(folder.store))
        try folder.execute(how)
        let recount = try store.recount()
        #expect(!recount.isSound && !recount.places.isEmpty, "\(how)")
    }
}

extension TemporaryFolder {
    /// Changes the index from outside.
    func execute(_ sql: String) throws {
        try DatabaseQueue(path: store + "/index.sqlite").writeWithoutTransaction { try $0.execute(sql: sql) }
    }
}
