import Control
import Core
import Demo
import Glibc
import Testing

struct ReferenceTests {
    private func write(_ text: String, to path: String) {
        guard let file = fopen(path, "we") else { return }
        fputs(text, file)
        fclose(file)
    }

    @Test func folder_isReadWithoutHiddenEntriesAndLinks() throws {
        try withFolder { folder in
            mkdir(folder + "/sub", 0o755)
            mkdir(folder + "/.git", 0o755)
            write("two", to: folder + "/sub/b ü.txt")
            write("one", to: folder + "/a.txt")
            write("", to: folder + "/empty")
            write("x", to: folder + "/.hidden")
            write("x", to: folder + "/.git/x")
            symlink("a.txt", folder + "/link")
            symlink("nowhere", folder + "/dangling")
            let files = try SiteReference(folder: folder).files
            #expect(files.map(\.path) == ["a.txt", "empty", "sub/b ü.txt"])
            #expect(files.map(\.size) == [3, 0, 3])
            #expect(files[2].digest == Digest(hashing: Array("two".utf8)))
        }
    }

    @Test func folder_withANameThatIsNoUTF8_isRefused() throws {
        try withFolder { folder in
            var name = Array("\(folder)/a".utf8CString.dropLast()) + [CChar(bitPattern: 0xFF), 0]
            try #require(mkdir(&name, 0o755) == 0)
            let error = #expect(throws: ControlError.self) { try SiteReference(folder: folder) }
            #expect(error?.exitCode == .badInput)
        }
    }

    @Test func generatedPages_areDifferentAndRepeatWithTheirSeed() throws {
        try withFolder { folder in
            try GeneratedSite.write(count: 40, to: folder + "/one", seed: 3)
            try GeneratedSite.write(count: 40, to: folder + "/two", seed: 3)
            let one = try SiteReference(folder: folder + "/one").files
            #expect(Set(one.map(\.digest)).count == 40)
            #expect(try SiteReference(folder: folder + "/two").files == one)
        }
    }

    @Test func target_ofAFile_hasEncodedAddressesAndTimeForItsSize() {
        let file = SiteReference.File(
            path: "a b/ü?#%.txt",
            size: 20_000_000,
            digest: Digest(hashing: [UInt8]())
        )
        let target = ReadTarget(file: file, root: "bafy", name: "k51")
        #expect(target.immutable == "/ipfs/bafy/a%20b/%C3%BC%3F%23%25.txt")
        #expect(target.named == "/ipns/k51/a%20b/%C3%BC%3F%23%25.txt")
        #expect(target.timeMax == .seconds(20))
    }
}
