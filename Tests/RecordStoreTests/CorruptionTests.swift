import RecordStore
import TestFolders
import Testing

@Suite struct CorruptionTests {
    private let folder: TemporaryFolder
    private let aside = "records.sqlite.corrupt-1"

    /// Leaves a closed store of 100 records.
    init() throws {
        folder = try TemporaryFolder()
        let store = try folder.open()
        try store.apply(put: (0..<100).map { record($0, bytes: [UInt8](repeating: $0, count: 1_000)) }, delete: [])
    }

    /// In the head of the file, in its number for the format of tables, and in pages of tables.
    private static let damages: [(range: Range<Int>, value: UInt8)] = [
        (0..<16, 0), (60..<64, 0), (4_096..<4_104, 0xee), (8_192..<20_000, 0xaa), (30_000..<60_000, 0xff),
    ]

    @Test(arguments: damages)
    func database_damaged_isPutAsideAndReplaced(range: Range<Int>, value: UInt8) throws {
        try folder.change("records.sqlite") { bytes in
            for index in range where index < bytes.count { bytes[index] = value }
        }
        let damaged = try folder.read("records.sqlite")
        let store = try folder.open()
        #expect(store.recoveredFromCorruption)
        #expect(try store.records().isEmpty)
        #expect(try folder.read(aside) == damaged)
        try store.apply(put: [record(1)], delete: [])
        let again = try folder.open()
        #expect(!again.recoveredFromCorruption)
        #expect(try again.records() == [record(1)])
    }

    @Test func database_cutOff_isPutAside() throws {
        try folder.change("records.sqlite") { $0.removeLast($0.count / 2) }
        #expect(try folder.open().recoveredFromCorruption)
        #expect(try folder.names().contains(aside))
    }

    @Test func database_damagedOften_keepsALimitedNumberAside() throws {
        for _ in 0..<12 {
            try folder.write("records.sqlite", [UInt8](repeating: 1, count: 8_192))
            #expect(try folder.open().recoveredFromCorruption)
        }
        #expect(try folder.names().filter { $0.contains("corrupt") }.count == 8)
    }

    @Test func database_ofNewerFormat_isRefusedAndLeftAlone() throws {
        try folder.change("records.sqlite") { $0[63] = 2 }
        let before = try folder.read("records.sqlite")
        let error = #expect(throws: RecordStoreError.self) { try folder.open() }
        #expect(error?.code == .io)
        #expect(error?.message.contains("newer version") == true)
        #expect(try folder.read("records.sqlite") == before)
    }

    @Test func journal_ofCrash_isReadThoughDatabaseIsDamaged() throws {
        do {
            let store = try folder.open()
            _ = store.begin(digest(1))
            store.markCrash()
        }
        try folder.write("records.sqlite", [1, 2, 3])
        let store = try folder.open()
        #expect(store.recoveredFromCorruption)
        #expect(store.begin(digest(1)) == nil)
    }
}
