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
}
