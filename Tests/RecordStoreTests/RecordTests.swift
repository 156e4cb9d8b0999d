import Core
import RecordStore
import TestFolders
import Testing

@Suite struct RecordTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    @Test func records_storedAndReopened_comeBackInKeyOrder() throws {
        let records = [
            StoredRecord(key: key(9, kind: .admission), version: .max, expires: .distantPast, bytes: []),
            StoredRecord(
                key: RecordKey(kind: .node, subject: []),
                version: 0,
                expires: Instant(milliseconds: .max),
                bytes: [0]
            ),
            record(1, bytes: [UInt8](repeating: 7, count: RecordStore.recordBytesMax)),
            StoredRecord(
                key: key(0, kind: RecordKind(code: 255)),
                version: 5,
                expires: Instant(milliseconds: 0),
                bytes: [1]
            ),
        ]
        try folder.open().apply(put: records.reversed(), delete: [])
        let store = try folder.open()
        #expect(try store.records() == records)
        #expect(!store.recoveredFromCorruption)
    }

    private static let versions: [(old: UInt64, new: UInt64, winner: UInt8)] = [
        (5, 4, 1), (5, 5, 2), (5, 6, 2), (.max, 0, 1), (0, .max, 2),
        (0x8000_0000_0000_0000, 0x7fff_ffff_ffff_ffff, 1), (0x7fff_ffff_ffff_ffff, 0x8000_0000_0000_0000, 2),
    ]

    @Test(arguments: versions)
    func record_stored_replacesOnlyOlderOrEqualVersion(old: UInt64, new: UInt64, winner: UInt8) throws {
        let store = try folder.open()
        try store.apply(put: [record(1, version: old, bytes: [1])], delete: [])
        try store.apply(put: [record(1, version: new, bytes: [2])], delete: [])
        #expect(try store.records().map(\.bytes) == [[winner]])
    }

    @Test func record_deleted_isGoneAndOthersStay() throws {
        let store = try folder.open()
        try store.apply(put: [record(1), record(2)], delete: [])
        try store.apply(put: [], delete: [key(1), key(3), key(2, kind: .holding)])
        #expect(try store.records() == [record(2)])
    }

    @Test func record_deletedAndStoredInOneCall_isStoredWithAnyVersion() throws {
        let store = try folder.open()
        try store.apply(put: [record(1, version: 9)], delete: [])
        try store.apply(put: [record(1, version: 2)], delete: [key(1)])
        #expect(try store.records() == [record(1, version: 2)])
    }

    @Test func record_aboveLimit_isRefusedAndNothingChanges() throws {
        let store = try folder.open()
        try store.apply(put: [record(1)], delete: [])
        let tooLong = record(2, bytes: [UInt8](repeating: 0, count: RecordStore.recordBytesMax + 1))
        let wideSubject = StoredRecord(
            key: RecordKey(kind: .holding, subject: [UInt8](repeating: 0, count: RecordKey.subjectBytesMax + 1)),
            version: 1,
            expires: .distantPast,
            bytes: []
        )
        for refused in [tooLong, wideSubject] {
            let error = #expect(throws: RecordStoreError.self) {
                try store.apply(put: [record(3), refused], delete: [key(1)])
            }
            #expect(error?.code == .full)
        }
        #expect(try store.records() == [record(1)])
    }

    @Test func store_folderMissing_saysSo() throws {
        let error = #expect(throws: RecordStoreError.self) { try RecordStore(folder: folder.path + "/missing") }
        #expect(error?.code == .io)
        #expect(error?.message.contains("/missing/records.sqlite") == true)
    }
}
