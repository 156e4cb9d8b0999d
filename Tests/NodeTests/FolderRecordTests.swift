import Core
import Foundation
import Glibc
import Namespace
import Node
import Owners
import TestFolders
import Testing

/// Which files of a folder count as brought back when a `get` is given again.
struct FolderRecordTests {
    private let folder: TemporaryFolder
    private let boot = Array("this start".utf8)

    init() throws { folder = try TemporaryFolder() }

    private var target: String { folder.path + "/back" }

    private func entry(_ name: String, key: UInt8 = 1) throws -> NamespaceEntry {
        let segment = try SegmentReference(id: Digest(hashing: [key]), k: 1, n: 1, paddedBytes: 65_536)
        let object = try SealedObject(
            key: Array(repeating: key, count: 32),
            extents: [Extent(segment: segment, offset: 0, byteCount: 5 + 16)]
        )
        return try NamespaceEntry(
            name: ObjectName(name),
            stamp: NamespaceStamp(counter: 1, device: DeviceID(Array(repeating: 7, count: 32))),
            base: 0,
            written: Instant(milliseconds: 1),
            content: .object(object),
            size: 5
        )
    }

    private func write(_ name: String, _ text: String = "12345") throws -> String {
        let path = folder.path + "/" + name
        try Data(text.utf8).write(to: URL(filePath: path))
        return path
    }

    private func open(_ start: String? = nil) -> FolderRecord? {
        FolderRecord(of: "tree", to: target, boot: start.map { Array($0.utf8) } ?? boot)
    }

    /// As a `get` that is cut off after this file.
    private func note(_ entry: NamespaceEntry, at path: String) throws {
        let record = try #require(open())
        record.note(entry, at: path)
    }

    /// As the next `get`, which is cut off at once.
    private func holds(_ entry: NamespaceEntry, at path: String, start: String? = nil) throws -> Bool {
        let record = try #require(open(start))
        return record.holds(entry, at: path)
    }

    private func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: folder.path) }

    @Test func file_noted_countsWhileItIsAsItWas() throws {
        let (a, b) = (try write("a"), try write("b"))
        let (first, second, newer) = (try entry("tree/a"), try entry("tree/b"), try entry("tree/a", key: 2))
        try note(first, at: a)
        #expect(try holds(first, at: a))
        #expect(try !holds(second, at: b), "it was not noted")
        #expect(try !holds(newer, at: a), "another version is stored")
        _ = try write("a", "54321")
        #expect(try !holds(first, at: a), "it was changed")
        unlink(a)
        #expect(try !holds(first, at: a), "it is gone")
        try note(second, at: b)
        #expect(try holds(second, at: b))
    }

    @Test func record_ofGetThatEnded_isGone() throws {
        let path = try write("a")
        let entry = try entry("tree/a")
        try note(entry, at: path)
        let record = try #require(open())
        record.remove()
        #expect(try names() == ["a"])
        withExtendedLifetime(record) {}
        #expect(try !holds(entry, at: path))
    }

    @Test func file_notSyncedBeforePowerCut_doesNotCount() throws {
        let path = try write("a")
        let entry = try entry("tree/a")
        try note(entry, at: path)
        #expect(try !holds(entry, at: path, start: "the next start"))
    }

    @Test func file_syncedBeforePowerCut_counts() throws {
        let path = try write("a")
        let entry = try entry("tree/a")
        try note(entry, at: path)
        let name = try #require(try names().first { PartName.isPart($0, of: "back") })
        let file = try FileHandle(forUpdating: URL(filePath: folder.path + "/" + name))
        try file.seekToEnd()
        try file.write(contentsOf: Data(count: 32) + Data([1, 2, 3]))
        try file.close()
        for start in ["the next start", "and one more"] {
            #expect(try holds(entry, at: path, start: start), "\(start)")
        }
    }

    @Test func record_inUse_isNotOpenedTwice() throws {
        let first = try #require(open())
        let second = open()
        #expect(second.map { _ in true } == nil)
        withExtendedLifetime(first) {}
    }

    @Test func record_ofNothing_leavesNothing() throws {
        let path = try write("a")
        let entry = try entry("tree/a")
        #expect(try !holds(entry, at: path))
        #expect(try names() == ["a"])
    }
}
