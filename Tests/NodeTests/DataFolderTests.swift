import Core
import Files
import Foundation
import Node
import TestFolders
import Testing

struct DataFolderTests {
    private func mode(_ path: String) throws -> Int {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    }

    @Test func key_madeOnFirstUse_isTheSameAfterwards() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let first = try KeyFile.readOrCreate(folder.path + "/k", as: NodeRole.self)
        let second = try KeyFile.readOrCreate(folder.path + "/k", as: NodeRole.self)
        #expect(first.id == second.id)
        #expect(try mode(folder.path + "/k") == 0o600)
    }

    /// RFC 8410 section 10.3, the first example key.
    @Test func key_inPKCS8_isRead() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let pem = """
            -----BEGIN PRIVATE KEY-----
            MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
            -----END PRIVATE KEY-----

            """
        try SmallFile.write(Array(pem.utf8), to: folder.path + "/k")
        let key = try #require(try KeyFile.read(folder.path + "/k", as: OperatorRole.self))
        let publicKey = "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"
        #expect(Multibase.base16.encodeBare(key.id.bytes) == publicKey)
    }

    @Test func key_readableByOthers_isRefused() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        _ = try KeyFile.readOrCreate(folder.path + "/k", as: NodeRole.self)
        #expect(chmod(folder.path + "/k", 0o644) == 0)
        let error = #expect(throws: NodeError.self) { try KeyFile.read(folder.path + "/k", as: NodeRole.self) }
        #expect(error?.message.contains("chmod 600") == true)
    }

    @Test(arguments: ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "not a key"])
    func key_withOtherBytes_isRefused(text: String) throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        try SmallFile.write(Array(text.utf8), to: folder.path + "/k")
        #expect(throws: NodeError.self) { try KeyFile.read(folder.path + "/k", as: NodeRole.self) }
    }

    @Test func lock_heldByAnother_isRefusedUntilReleased() throws {
        let temporary = try TemporaryFolder()
        defer { withExtendedLifetime(temporary) {} }
        let folder = try DataFolder(path: temporary.path + "/a/b")
        var held: FolderLock? = try folder.lock()
        let error = #expect(throws: NodeError.self) { try folder.lock() }
        #expect(error?.code == .inUse)
        #expect(held != nil)
        held = nil
        _ = try folder.lock()
    }

    @Test func smallFile_writtenTwice_leavesNoOtherFile() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        try SmallFile.write([1], to: folder.path + "/f")
        try SmallFile.write([2, 3], to: folder.path + "/f")
        #expect(try SmallFile.read(folder.path + "/f") == [2, 3])
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["f"])
        #expect(try SmallFile.read(folder.path + "/none") == nil)
    }
}
