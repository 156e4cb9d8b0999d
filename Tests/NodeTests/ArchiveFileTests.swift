import BlockStore
import Core
import Foundation
import Node
import Settings
import TestFolders
import Testing

struct ArchiveFileTests {
    private func withStore(_ body: (String, BlockStore) throws -> Void) throws {
        let folder = try TemporaryFolder()
        let configuration = BlockStoreConfiguration(
            folder: folder.path + "/blocks",
            storageBytesMax: 64 << 20,
            cacheBytesMax: 64 << 20
        )
        try body(folder.path, try BlockStore(configuration))
        withExtendedLifetime(folder) {}
    }

    @Test func archive_savedAndLoaded_isTheSame() throws {
        let site = try SampleSite(1, leaves: 40, leafBytes: 100_000)
        try withStore { folder, store in
            try store.take(site, at: wallClock())
            let file = ArchiveFile(path: folder + "/site.car")
            var reported = 0
            let written = try file.save(site.root, from: store) { reported = $0 }
            #expect(written == (try Data(contentsOf: URL(filePath: folder + "/site.car")).count))
            #expect(reported <= written)
            try withStore { _, other in
                #expect(try file.load(into: other, owner: "a") { _ in } == [site.root])
                try other.expectAll(of: site.blocks)
                #expect(try other.isPinned(site.root))
            }
        }
    }

    @Test func archive_thatIsDamaged_isNamedAndStoresNothing() throws {
        let site = try SampleSite(1)
        let good = FaultyPeer.archive(site.blocks.reversed())
        var flipped = good
        flipped[good.count - 1] ^= 1
        var cases: [[UInt8]] = [[], [0], flipped, good + [5], Array(repeating: 0x41, count: 3 << 20), good + good]
        // Cut between any two bytes; between two blocks the archive is well-formed, but the root is not whole.
        cases += stride(from: 1, to: good.count, by: 97).map { Array(good.prefix($0)) }
        cases.append(FaultyPeer.archive(Array(site.blocks.reversed().dropLast())))
        try withStore { folder, store in
            let path = folder + "/bad.car"
            let file = ArchiveFile(path: path)
            for bytes in cases {
                try Data(bytes).write(to: URL(filePath: path))
                let error = #expect(throws: NodeError.self, "\(bytes.count) bytes") {
                    try file.load(into: store, owner: "a") { _ in }
                }
                #expect(error?.code == .badInput)
                #expect(error?.message.contains(path) == true)
                try store.expectNothing(of: site)
            }
        }
    }

    @Test func archive_thatIsNoFile_isNamed() throws {
        try withStore { folder, store in
            let none = #expect(throws: NodeError.self) {
                try ArchiveFile(path: folder + "/none").load(into: store, owner: "a") { _ in }
            }
            #expect(none?.code == .notFound)
            let directory = #expect(throws: NodeError.self) {
                try ArchiveFile(path: folder).load(into: store, owner: "a") { _ in }
            }
            #expect(directory?.code == .badInput)
            #expect(store.accounting.total == 0)
        }
    }

    @Test func archive_ofWhatIsNotWhole_leavesNoFile() throws {
        let site = try SampleSite(1)
        try withStore { folder, store in
            let session = try store.beginImport(.cache, at: wallClock())
            for block in site.blocks.dropFirst() { try session.append(block) }
            try session.commit(at: wallClock())
            #expect(throws: BlockStoreError.self) {
                try ArchiveFile(path: folder + "/site.car").save(site.root, from: store) { _ in }
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["blocks"])
        }
    }
}

struct LentSpaceTests {
    private func configuration(_ folder: String, storage: Int?, cache: Int?) throws -> NodeConfiguration {
        let resolver = SettingsResolver(flags: [.data: [folder]], environment: [:], workingFolder: "/")
        var configuration = try resolver.resolve(file: nil).configuration
        configuration.storageBytes = storage
        configuration.cacheBytes = cache
        return configuration
    }

    @Test func space_thatIsConfigured_isLent() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let lent = LentSpace(
            configuration: try configuration(folder.path, storage: 1_000, cache: 7),
            folder: folder.path
        )
        #expect(lent.storageBytes == 1_000)
        #expect(lent.cacheBytes == 7)
        let nothing = LentSpace(
            configuration: try configuration(folder.path, storage: 0, cache: nil),
            folder: folder.path
        )
        #expect(nothing.storageBytes == 0)
        #expect(nothing.cacheBytes == 0)
    }

    @Test func space_thatIsNotConfigured_isHalfOfWhatIsFreeWithinTheLimit() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let lent = LentSpace(
            configuration: try configuration(folder.path, storage: nil, cache: nil),
            folder: folder.path
        )
        #expect(lent.storageBytes > 0)
        #expect(lent.storageBytes <= Int64(LentSpace.defaultBytesMax))
        #expect(lent.cacheBytes == lent.storageBytes / Int64(LentSpace.cacheShare))
        let nowhere = LentSpace(
            configuration: try configuration(folder.path, storage: nil, cache: nil),
            folder: folder.path + "/none"
        )
        #expect(nowhere.storageBytes == 0)
    }

    @Test func usedBytes_countFilesOfTheFolderOnly() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        #expect(LentSpace.usedBytes(folder.path + "/none") == 0)
        #expect(LentSpace.usedBytes(folder.path) == 0)
        try Data(repeating: 1, count: 100_000).write(to: URL(filePath: folder.path + "/a"))
        let used = LentSpace.usedBytes(folder.path)
        #expect(used >= 100_000)
        try FileManager.default.createDirectory(atPath: folder.path + "/sub", withIntermediateDirectories: false)
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/link",
            withDestinationPath: folder.path + "/a"
        )
        #expect(LentSpace.usedBytes(folder.path) == used)
    }
}
