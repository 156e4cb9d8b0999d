import Core
import Namespace
import Node
import RecordStore
import TestFolders
import Testing

struct SegmentJournalTests {
    private func segment(_ number: Int) throws -> SegmentReference {
        try SegmentReference(id: Digest(hashing: Array("segment \(number)".utf8)), k: 3, n: 9, paddedBytes: 65_536)
    }

    @Test func abandoned_putStillUnderWay_isNotListed() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let journal = SegmentJournal(records: try RecordStore(folder: folder.path))
        let batch = journal.begin()
        try batch.note(segment(1))
        #expect(try journal.abandoned().isEmpty)
        try withExtendedLifetime(batch) { try batch.expect(rootVersion: 1) }
        #expect(try withExtendedLifetime(batch) { try journal.abandoned().isEmpty })
    }

    @Test func abandoned_putCommitted_isNotListed() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let journal = SegmentJournal(records: try RecordStore(folder: folder.path))
        try {
            let batch = journal.begin()
            try batch.note(segment(1))
            try batch.note(segment(2))
            try batch.expect(rootVersion: 4)
            try batch.commit()
        }()
        #expect(try journal.abandoned().isEmpty)
    }

    @Test func abandoned_putFailed_listsItsSegmentsUntilForgotten() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let journal = SegmentJournal(records: try RecordStore(folder: folder.path))
        try { try journal.begin().note(segment(1)) }()
        let left = try journal.abandoned()
        #expect(left.map(\.segment) == [try segment(1)])
        #expect(left.map(\.rootVersion) == [nil])
        try journal.forget(left.map(\.segment))
        #expect(try journal.abandoned().isEmpty)
    }

    @Test func abandoned_processEndedBeforeTheCommit_listsTheRootThatDecides() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let records = try RecordStore(folder: folder.path)
        let first = SegmentJournal(records: records).begin()
        try first.note(segment(1))
        try first.note(segment(2))
        try first.expect(rootVersion: 7)
        // Another process would know nothing of the puts of this one.
        let left = try SegmentJournal(records: records).abandoned()
        #expect(Set(left.map(\.segment)) == [try segment(1), try segment(2)])
        #expect(left.map(\.rootVersion) == [7, 7])
        withExtendedLifetime(first) {}
    }

    private func remains(_ number: UInt8) -> SegmentJournal.Remains {
        SegmentJournal.Remains(
            put: Digest(hashing: [number, 1]),
            fingerprint: Digest(hashing: [number, 2]),
            sealedKeys: [number, 3],
            noted: Instant(milliseconds: 1_000 + Int64(number))
        )
    }

    @Test func remains_ofPut_areReadBack() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let records = try RecordStore(folder: folder.path)
        let batch = SegmentJournal(records: records).begin()
        try batch.note(segment(1), remains: remains(1))
        try batch.note(segment(2))
        let left = try SegmentJournal(records: records).abandoned()
        #expect(
            Dictionary(uniqueKeysWithValues: left.map { ($0.segment.id, $0.remains) }) == [
                try segment(1).id: remains(1), try segment(2).id: nil,
            ]
        )
        try batch.expect(rootVersion: 3)
        let named = try SegmentJournal(records: records).abandoned()
        #expect(named.first { $0.segment.id == (try? segment(1).id) }?.remains == remains(1))
        #expect(named.map(\.rootVersion) == [3, 3])
    }

    @Test func put_thatEnded_leavesWhatIsStillBeingSentUntilItIs() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let journal = SegmentJournal(records: try RecordStore(folder: folder.path))
        let batch = journal.begin()
        try batch.note(segment(1), remains: remains(1))
        try batch.note(segment(2), remains: remains(2))
        batch.sent(try segment(1))
        #expect(try journal.abandoned().isEmpty)
        batch.end()
        #expect(try journal.abandoned().map(\.segment) == [try segment(1)])
        batch.sent(try segment(2))
        #expect(try journal.abandoned().count == 2)
        withExtendedLifetime(batch) {}
    }

    @Test func remains_takenByOnePut_areTakenByNoOther() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let journal = SegmentJournal(records: try RecordStore(folder: folder.path))
        let first = journal.begin()
        try first.note(segment(1), remains: remains(1))
        let entry = try #require(try journal.entries().first)
        let (second, third) = (journal.begin(), journal.begin())
        #expect(try !second.take(entry), "it is still being sent")
        first.sent(try segment(1))
        first.end()
        #expect(try second.take(entry))
        // The end of the first put takes nothing from the second.
        first.end()
        withExtendedLifetime(first) {}
        #expect(try !third.take(entry))
        #expect(try journal.abandoned().isEmpty)
        second.giveBack(entry.segment)
        #expect(try third.take(entry))
        try third.expect(rootVersion: 5)
        third.end()
        #expect(try !second.take(entry), "a root is about to name it")
        try journal.forget([entry.segment])
        #expect(try !second.take(entry), "it is gone")
        second.end()
        withExtendedLifetime((second, third)) {}
    }

    @Test func remains_takenAndNamed_areForgotten() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let journal = SegmentJournal(records: try RecordStore(folder: folder.path))
        try { try journal.begin().note(segment(1), remains: remains(1)) }()
        let batch = journal.begin()
        #expect(try batch.take(#require(try journal.abandoned().first)))
        try batch.expect(rootVersion: 2)
        try batch.commit()
        batch.end()
        #expect(try journal.entries().isEmpty)
    }

    @Test func settle_ofAnOlderRoot_leavesWhatANewerOneReleased() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let journal = SegmentJournal(records: try RecordStore(folder: folder.path))
        let (first, second) = (journal.begin(), journal.begin())
        try first.expect(rootVersion: 1, releasing: [segment(1)])
        try second.expect(rootVersion: 2, releasing: [segment(1)])
        try first.settle()
        #expect(try journal.abandoned().map(\.rootVersion) == [2])
        try second.settle()
        #expect(try journal.abandoned().isEmpty)
        withExtendedLifetime((first, second)) {}
    }

    @Test func abandoned_namesGoneButNoTombstoneYet_listsWhatTheRootReleased() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let records = try RecordStore(folder: folder.path)
        let journal = SegmentJournal(records: records)
        let batch = journal.begin()
        try batch.note(segment(1))
        try batch.expect(rootVersion: 3, releasing: [segment(2)])
        // Whatever the mesh heard of version 3: no other root may have that version.
        #expect(try journal.expectedVersion() == 3)
        try batch.commit()
        let left = try SegmentJournal(records: records).abandoned()
        #expect(left.map(\.segment) == [try segment(2)])
        #expect(left.map(\.rootVersion) == [3])
        try batch.settle()
        #expect(try SegmentJournal(records: records).abandoned().isEmpty)
        #expect(try journal.expectedVersion() == 0)
        withExtendedLifetime(batch) {}
    }
}
