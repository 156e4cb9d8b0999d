import Foundation
import Node
import TestFolders
import Testing

struct PublisherKeysTests {
    private static let longest = String(repeating: "a", count: PublisherKeys.labelBytesMax)

    @Test(arguments: ["a", "My Site", "a.b", "a..b", "x@y+z_1-2", "häuser", longest])
    func label_thatIsAPlainName_isTaken(label: String) throws {
        try PublisherKeys.check(label)
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let keys = PublisherKeys(folder: try DataFolder(path: folder.path))
        let key = try keys.key(for: label)
        #expect(try keys.find(label).key.id == key.id)
        #expect(try keys.find(key.id.description).label == label)
        #expect(try keys.all().count == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/publishers").count == 1)
    }

    @Test(arguments: [
        "", ".", "..", "../x", "a/b", "/a", "a/../../b", ".hidden", "a\0b", "\0", "a\nb", "a\u{1B}[2J", "a\\b", "a:b",
        "*", "~", "$HOME", longest + "a", String(repeating: "é", count: 33),
    ])
    func label_thatIsNone_isRefusedAndMakesNoFile(label: String) throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let keys = PublisherKeys(folder: try DataFolder(path: folder.path + "/data"))
        let error = #expect(throws: NodeError.self) { try keys.key(for: label) }
        #expect(error?.code == .usage)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/data/publishers").isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["data"])
        #expect(throws: NodeError.self) { try keys.find(label) }
    }

    @Test func keys_besideOtherFiles_areListedByLabel() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let keys = PublisherKeys(folder: try DataFolder(path: folder.path))
        for label in ["c", "a", "b"] { _ = try keys.key(for: label) }
        for other in [".x.key", "notes", "a.key.1.new"] {
            try SmallFile.write([1], to: folder.path + "/publishers/" + other)
        }
        #expect(try keys.all().map(\.label) == ["a", "b", "c"])
    }
}
