import Core
import RecordStore
import TestFolders
import Testing

/// A crash is a mark, and a store that is opened while slots of an earlier one have not ended.
@Suite struct CrashJournalTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test func crash_whileProcessing_quarantinesForGood() throws {
        let store = try folder.open()
        let done = try #require(store.begin(digest(1)))
        _ = try #require(store.begin(digest(2)))
        store.end(done)
        store.markCrash()

        for _ in 0..<2 {
            let restarted = try folder.open()
            #expect(restarted.quarantinedCount == 1)
            #expect(restarted.begin(digest(2)) == nil)
            restarted.end(try #require(restarted.begin(digest(1))))
        }
    }

    @Test func kill_whileProcessing_quarantinesNothing() throws {
        let store = try folder.open()
        _ = try #require(store.begin(digest(1)))
        let restarted = try folder.open()
        #expect(restarted.quarantinedCount == 0)
        #expect(try folder.read("journal").allSatisfy { $0 == 0 })
    }

    @Test func mark_ofACrash_countsForOneStart() throws {
        let store = try folder.open()
        store.markCrash()
        let restarted = try folder.open()
        _ = try #require(restarted.begin(digest(1)))
        #expect(try folder.open().quarantinedCount == 0)
    }

    @Test(arguments: 0..<16)
    func mark_byteFlipped_quarantinesNothing(position: Int) throws {
        let store = try folder.open()
        _ = try #require(store.begin(digest(1)))
        store.markCrash()
        try folder.change("journal") { $0[RecordStore.slotsMax * 64 + position] ^= 0x10 }
        #expect(try folder.open().quarantinedCount == 0)
    }

    @Test func end_calledTwice_doesNotEndTheNextUseOfTheSlot() throws {
        let store = try folder.open()
        let first = try #require(store.begin(digest(1)))
        store.end(first)
        _ = try #require(store.begin(digest(2)))
        store.end(first)
        store.markCrash()
        let restarted = try folder.open()
        #expect(restarted.begin(digest(2)) == nil)
        #expect(restarted.quarantinedCount == 1)
    }

    @Test func begin_allSlotsTaken_isCountedAndNotJournalled() throws {
        let store = try folder.open()
        let slots = try (0..<RecordStore.slotsMax).map { try #require(store.begin(digest($0))) }
        #expect(store.unjournalledCount == 0)
        let extra = try #require(store.begin(digest(1_000)))
        #expect(store.unjournalledCount == 1)
        store.end(extra)
        store.markCrash()

        let restarted = try folder.open()
        #expect(restarted.quarantinedCount == RecordStore.slotsMax)
        #expect(restarted.begin(digest(1_000)) != nil)
        slots.forEach(store.end)
        _ = store.begin(digest(1_001))
        #expect(store.unjournalledCount == 1)
    }

    @Test func journal_usedFromManyTasks_endsEmpty() async throws {
        let store = try folder.open()
        await withTaskGroup { group in
            for task in 0..<8 {
                group.addTask {
                    for round in 0..<200 {
                        if let slot = store.begin(digest(task * 1_000 + round)) { store.end(slot) }
                    }
                }
            }
        }
        #expect(store.unjournalledCount == 0)
        #expect(try folder.read("journal").allSatisfy { $0 == 0 })
    }

    @Test(arguments: 0..<48)
    func journal_byteOfSlotFlipped_isIgnored(position: Int) throws {
        let store = try folder.open()
        _ = try #require(store.begin(digest(1)))
        _ = try #require(store.begin(digest(2)))
        store.markCrash()
        try folder.change("journal") { $0[position] ^= 0x10 }
        let restarted = try folder.open()
        #expect(restarted.quarantinedCount == 1)
        #expect(restarted.begin(digest(2)) == nil)
    }

    @Test(arguments: [0, 63, 100, 4_096, 1 << 20])
    func journal_ofAnyLength_isOpenedAndUsable(length: Int) throws {
        try folder.write("journal", [UInt8](repeating: 0xa5, count: length))
        let store = try folder.open()
        #expect(store.quarantinedCount == 0)
        _ = try #require(store.begin(digest(1)))
        store.markCrash()
        #expect(try folder.read("journal").count == (RecordStore.slotsMax + 1) * 64)
        #expect(try folder.open().quarantinedCount == 1)
    }

    @Test func quarantine_full_forgetsTheOldest() throws {
        let rounds = RecordStore.quarantineMax / RecordStore.slotsMax + 1
        for round in 0..<rounds {
            let store = try folder.open()
            for slot in 0..<RecordStore.slotsMax { _ = store.begin(digest(round * RecordStore.slotsMax + slot)) }
            store.markCrash()
        }
        let store = try folder.open()
        #expect(store.quarantinedCount == RecordStore.quarantineMax)
        #expect(store.begin(digest(RecordStore.slotsMax - 1)) != nil)
        #expect(store.begin(digest(RecordStore.slotsMax)) == nil)
        #expect(store.begin(digest(rounds * RecordStore.slotsMax - 1)) == nil)
    }
}
