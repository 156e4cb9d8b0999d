import Content
import Core
import Testing

/// CIDs and weights of directories that go-unixfsnode gives (its `data/builder/dir_test.go`).
@Suite struct GoDirectoryTests {
    private func entry(_ name: String, _ content: String) -> DirectoryEntry {
        let bytes = Array(content.utf8)
        return DirectoryEntry(name: name, cid: CID(hashing: bytes, codec: .raw), tsize: UInt64(bytes.count))
    }

    @Test func nestedDirectories_built_areTheSameInGo() throws {
        let inner = try DirectoryBuilder.build([entry("1", "111"), entry("2", "222")])
        #expect(inner.root.description == "bafybeibohj54uixf2mso4t53suyarv6cfuxt6b5cj6qjsqaa2ezfxnu5pu")
        let link = DirectoryEntry(name: "b", cid: inner.root, tsize: inner.tsize)
        let outer = try DirectoryBuilder.build([entry("a", "aaa"), link, entry("c", "ccc")])
        #expect(outer.root.description == "bafybeihswl3f7pa7fueyayewcvr3clkdz7oetv4jolyejgw26p6l3qzlbm")
        #expect(outer.tsize == 245)
    }

    @Test func directoryOfLongNames_built_isTheSameInGo() throws {
        let text =
            "long name to fill out bytes to make the sharded directory test flip over the sharded directory limit "
            + "because link names are included in the directory entry "
        let result = try DirectoryBuilder.build((0..<1344).map { entry("\(text)\($0)", "\(text)\($0)") })
        #expect(result.root.description == "bafybeigyvxs6og5jbmpaa43qbhhd5swklqcfzqdrtjgfh53qjon6hpjaye")
        #expect(result.tsize == 515_735)
    }
}
