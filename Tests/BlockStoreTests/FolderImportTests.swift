import BlockStore
import Content
import Core
import Foundation
import Glibc
import TestFolders
import Testing

struct FolderImportTests {
    private func site() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        try folder.write("site/index.html", Array("<h1>Hello</h1>".utf8))
        try folder.write("site/empty", [])
        try folder.write("site/bücher/日本.txt", [1, 2, 3])
        try folder.write("site/large", [UInt8](repeating: 7, count: 3 << 20) + [1])
        try folder.write("site/.hidden", [1])
        try folder.write("site/.well-known/security.txt", [2])
        #expect(mkdir(folder.path + "/site/void", 0o755) == 0)
        #expect(symlink("nowhere/at/all", folder.path + "/site/dangling") == 0)
        #expect(symlink("/etc", folder.path + "/site/outside") == 0)
        return folder
    }

    @Test func folder_everyKindOfEntry_isImportedAndExportedTheSame() throws {
        let folder = try site()
        let store = try makeStore(folder)
        let report = try store.importFolder(folder.path + "/site", owner: "a", at: now)
        #expect(report.files == 4 && report.folders == 3 && report.symlinks == 2)
        #expect(report.hiddenEntries == 2 && report.hidesWellKnown)
        #expect(report.fileBytes == 14 + 3 + (3 << 20) + 1)
        #expect(report.root.description.hasPrefix("bafybei"))
        #expect(try store.recount().isSound)
        let copy = folder.path + "/copy"
        try FolderExport(read: { try store.bytes(of: $0) }).run(root: report.root, to: copy)
        for name in ["index.html", "empty", "bücher/日本.txt", "large"] {
            #expect(try folder.read("copy/" + name) == folder.read("site/" + name))
        }
        let files = FileManager.default
        #expect(try files.destinationOfSymbolicLink(atPath: copy + "/dangling") == "nowhere/at/all")
        #expect(try files.destinationOfSymbolicLink(atPath: copy + "/outside") == "/etc")
        #expect(try files.contentsOfDirectory(atPath: copy + "/void").isEmpty)
        #expect(try rootOfFolder(copy).root == report.root)
    }

    @Test func dryRun_sameFolder_hasTheSameRoot() throws {
        let folder = try site()
        let store = try makeStore(folder)
        let stored = try store.importFolder(folder.path + "/site", owner: "a", at: now)
        var dry = try rootOfFolder(folder.path + "/site/")
        #expect(dry.stored == ImportSummary())
        dry.stored = stored.stored
        #expect(dry == stored)
    }

    @Test func folder_withHidden_takesThem() throws {
        let folder = try site()
        let with = try rootOfFolder(folder.path + "/site", options: ImportOptions(includesHidden: true))
        #expect(with.hiddenEntries == 0 && !with.hidesWellKnown && with.files == 6)
        #expect(try rootOfFolder(folder.path + "/site").root != with.root)
    }

    /// Roots that Kubo gives with the profile unixfs-v1-2025: the empty folder and single files are well known.
    @Test func wellKnownInputs_haveTheirCIDs() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        #expect(mkdir(folder.path + "/void", 0o755) == 0)
        try folder.write("empty", [])
        try folder.write("hello", Array("hello world\n".utf8))
        let roots = try ["void", "empty", "hello"].map { try rootOfFolder(folder.path + "/" + $0).root.description }
        #expect(
            roots == [
                "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354",
                "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",
                "bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4",
            ]
        )
    }

    @Test func refusedEntries_areNamedAndNothingIsStored() throws {
        let folder = try site()
        #expect(mkfifo(folder.path + "/site/bücher/pipe", 0o644) == 0)
        let store = try makeStore(folder)
        let error = #expect(throws: BlockStoreError.self) {
            try store.importFolder(folder.path + "/site", owner: "a", at: now)
        }
        #expect(error?.code == .unsupportedEntry)
        #expect(error?.path == "bücher/pipe")
        #expect(error?.message.contains("--skip-unreadable") == true)
        #expect(store.accounting.total == 0)
        #expect(try folder.names("blocks/volumes").isEmpty)
    }

    @Test func refusedEntries_skipped_areListed() throws {
        let folder = try site()
        let clean = try rootOfFolder(folder.path + "/site").root
        #expect(mkfifo(folder.path + "/site/bücher/pipe", 0o644) == 0)
        let badName: [UInt8] = Array((folder.path + "/site/bad").utf8) + [0xFF, 0]
        let made = badName.withUnsafeBufferPointer { name in
            name.withMemoryRebound(to: CChar.self) { $0.baseAddress.map { open($0, O_CREAT, 0o644) } ?? -1 }
        }
        #expect(made >= 0)
        close(made)
        let report = try rootOfFolder(folder.path + "/site", options: ImportOptions(skipsUnreadable: true))
        #expect(report.skipped.map(\.path) == ["bad\\xff", "bücher/pipe"])
        #expect(report.root == clean)
        let error = #expect(throws: BlockStoreError.self) { try rootOfFolder(folder.path + "/site") }
        #expect(error?.path == "bad\\xff")
    }

    // The superuser may read everything.
    @Test(.enabled(if: geteuid() != 0)) func unreadableFile_isNamedOrSkipped() throws {
        let folder = try site()
        #expect(chmod(folder.path + "/site/index.html", 0) == 0)
        let error = #expect(throws: BlockStoreError.self) { try rootOfFolder(folder.path + "/site") }
        #expect(error?.path == "index.html")
        let report = try rootOfFolder(folder.path + "/site", options: ImportOptions(skipsUnreadable: true))
        #expect(report.skipped.map(\.path) == ["index.html"])
    }

    @Test func path_missingOrASocket_isRefused() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        #expect(mkfifo(folder.path + "/pipe", 0o644) == 0)
        let missing = #expect(throws: BlockStoreError.self) { try rootOfFolder(folder.path + "/none") }
        #expect(missing?.code == .notFound)
        let pipe = #expect(throws: BlockStoreError.self) { try rootOfFolder(folder.path + "/pipe") }
        #expect(pipe?.code == .unsupportedEntry)
    }

    @Test func file_growingWhileItIsRead_isRefused() throws {
        let folder = try site()
        let error = #expect(throws: BlockStoreError.self) {
            _ = try FolderImport(path: folder.path + "/site").run(into: GrowingSink(folder: folder))
        }
        #expect(error?.code == .changedWhileReading)
        #expect(error?.path == "large")
    }

    /// Lets the large file grow when its first leaf arrives.
    private struct GrowingSink: BlockSink {
        let folder: TemporaryFolder
        var hasGrown = false

        mutating func take(_ cid: CID, _ bytes: UnsafeRawBufferPointer) throws {
            guard !hasGrown, bytes.count == FileDAGBuilder.leafBytes else { return }
            hasGrown = true
            try folder.append("site/large", [1])
        }
    }

    @Test func folder_importedAgain_readsOnlyWhatChanged() throws {
        let folder = try site()
        let store = try makeStore(folder)
        let later = Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000)) + .seconds(10)
        let first = try store.importFolder(folder.path + "/site", owner: "v1", at: later)
        #expect(first.unchangedFiles == 0)
        let second = try store.importFolder(folder.path + "/site", owner: "v2", at: later)
        #expect(second.unchangedFiles == 4 && second.files == 4)
        #expect(second.root == first.root)
        try folder.write("site/index.html", Array("<h1>Hallo</h1>".utf8))
        let third = try store.importFolder(folder.path + "/site", owner: "v3", at: later)
        #expect(third.unchangedFiles == 3)
        #expect(third.root == (try rootOfFolder(folder.path + "/site").root))
        #expect(third.fileBytes == first.fileBytes)
        #expect(try store.recount().isSound)
    }

    @Test func folder_importedJustAfterItsFilesWereWritten_isReadAgain() throws {
        let folder = try site()
        let store = try makeStore(folder)
        let present = Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000))
        _ = try store.importFolder(folder.path + "/site", owner: "v1", at: present)
        #expect(try store.importFolder(folder.path + "/site", owner: "v2", at: present).unchangedFiles == 0)
    }

    @Test func folder_whoseBlocksWereCollected_isReadAgain() throws {
        let folder = try site()
        let store = try makeStore(folder)
        let later = Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000)) + .seconds(10)
        let first = try store.importFolder(folder.path + "/site", owner: "v1", at: later)
        try store.unpin(Pin(root: first.root, owner: "v1"))
        try store.collect(at: later)
        let second = try store.importFolder(folder.path + "/site", owner: "v2", at: later)
        #expect(second.unchangedFiles == 0 && second.root == first.root)
        #expect(try store.state(ofDAG: second.root, missingMax: 1).missing.isEmpty)
    }

    /// Names that sort differently as whole paths than folder by folder.
    @Test func folder_withNewAndRemovedFiles_readsOnlyTheNewOnes() throws {
        let folder = try site()
        for name in ["bücher-2/x", "bücher.txt", "bücher/a", "bücher0", "zz/y/x", "zz/y.txt"] {
            try folder.write("site/" + name, Array(name.utf8))
        }
        let store = try makeStore(folder)
        let later = Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000)) + .seconds(10)
        let first = try store.importFolder(folder.path + "/site", owner: "v1", at: later)
        let second = try store.importFolder(folder.path + "/site", owner: "v2", at: later)
        #expect(second.files == 10 && second.unchangedFiles == 10 && second.root == first.root)
        for name in ["a-new", "bücher/new", "zz/new"] { try folder.write("site/" + name, [1, 2, 3]) }
        for name in ["bücher.txt", "zz/y/x"] { try folder.remove("site/" + name) }
        let third = try store.importFolder(folder.path + "/site", owner: "v3", at: later)
        #expect(third.files == 11 && third.unchangedFiles == 8)
        #expect(third.root == (try rootOfFolder(folder.path + "/site").root))
        let fourth = try store.importFolder(folder.path + "/site", owner: "v4", at: later)
        #expect(fourth.unchangedFiles == 11 && fourth.root == third.root)
        #expect(try store.recount().isSound)
    }

    @Test func folder_ofWhichABlockWasWithdrawn_bringsItBackFromItsFile() throws {
        let folder = try site()
        let store = try makeStore(folder)
        let later = Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000)) + .seconds(10)
        let first = try store.importFolder(folder.path + "/site", owner: "v1", at: later)
        // A byte of a small file: those are written before the large one's leaves.
        try folder.flip("blocks/volumes/000001.vol", at: 0)
        #expect(try store.verify(from: .start, bytesMax: .max).rotten.count == 1)
        let second = try store.importFolder(folder.path + "/site", owner: "v2", at: later)
        #expect(second.unchangedFiles == 3 && second.root == first.root)
        #expect(try store.withdrawn(max: 5).isEmpty)
        #expect(try store.verify(from: .start, bytesMax: .max).rotten.isEmpty)
        #expect(try store.recount().isSound)
    }

    @Test func import_cancelledByItsProgress_storesNothing() throws {
        struct Stop: Error {}
        let folder = try site()
        let store = try makeStore(folder)
        #expect(throws: Stop.self) {
            try store.importFolder(folder.path + "/site", owner: "a", at: now) { _ in throw Stop() }
        }
        #expect(store.accounting.total == 0)
        #expect(try folder.names("blocks/volumes").isEmpty)
    }
}
