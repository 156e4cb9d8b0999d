import BlockStore
import Content
import Core
import Foundation
import GRDB
import TestFolders
import Testing

/// What an import remembers of many files is stored in parts; an import writes only those that differ.
@Suite(.timeLimit(.minutes(2)))
struct ImportMemoryTests {
    private static let fileCount = 3_000
    private let later = Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000)) + .seconds(60)

    private func folder() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for number in 0..<Self.fileCount {
            try folder.write("site/d\(number % 7)/f\(number)", Array("file \(number)".utf8))
        }
        return folder
    }

    private func parts(_ folder: TemporaryFolder) throws -> Set<Int64> {
        try DatabaseQueue(path: folder.path + "/blocks/index.sqlite").read {
            try Int64.fetchSet($0, sql: "SELECT id FROM import_part")
        }
    }

    private func importSite(_ folder: TemporaryFolder, _ store: BlockStore, _ owner: String) throws -> ImportReport {
        try store.importFolder(folder.path + "/site", owner: owner, at: later)
    }

    @Test func folder_ofWhichOneFileChanged_keepsTheOtherParts() throws {
        let folder = try folder()
        let store = try makeStore(folder)
        _ = try importSite(folder, store, "v1")
        let first = try parts(folder)
        #expect(first.count >= 3)
        try folder.write("site/d3/f1501", Array("something else".utf8))
        let changed = try importSite(folder, store, "v2")
        #expect(changed.unchangedFiles == Self.fileCount - 1)
        #expect(changed.root == (try rootOfFolder(folder.path + "/site").root))
        let second = try parts(folder)
        #expect(first.subtracting(second).count <= 2 && second != first)
        let again = try importSite(folder, store, "v3")
        #expect(again.unchangedFiles == Self.fileCount && again.root == changed.root)
        #expect(try parts(folder) == second)
    }

    @Test func folder_withFilesComeAndGone_isRememberedAfterAReopen() throws {
        let folder = try folder()
        var store: BlockStore? = try makeStore(folder)
        _ = try importSite(folder, try #require(store), "v1")
        for number in stride(from: 0, to: 300, by: 7) { try folder.remove("site/d0/f\(number)") }
        for number in 0..<50 { try folder.write("site/d2/new\(number)", [UInt8(number)]) }
        let changed = try importSite(folder, try #require(store), "v2")
        #expect(changed.unchangedFiles == Self.fileCount - 43 && changed.files == Self.fileCount - 43 + 50)
        store = nil
        let reopened = try makeStore(folder)
        let again = try importSite(folder, reopened, "v3")
        #expect(again.unchangedFiles == changed.files && again.root == changed.root)
        #expect(again.root == (try rootOfFolder(folder.path + "/site").root))
    }

    /// Of the paths that were imported longest ago nothing is left.
    @Test func paths_beyondTheMost_leaveNoParts() throws {
        let folder = try TemporaryFolder()
        let store = try makeStore(folder)
        for number in 0..<70 {
            try folder.write("s\(number)/file", [UInt8(number)])
            _ = try store.importFolder(folder.path + "/s\(number)", owner: "v", at: later + .seconds(Int64(number)))
        }
        #expect(try parts(folder).count == 64)
    }
}
