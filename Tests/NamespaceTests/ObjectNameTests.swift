import Core
import Namespace
import Testing

@Suite struct ObjectNameTests {
    @Test(arguments: ["a", "a/b", ".a", "a..b", "...", "é/☃", " ", "a/ b", String(repeating: "x", count: 1_024)])
    func goodName_isTaken(text: String) throws {
        #expect(try ObjectName(text).text == text)
    }

    @Test(arguments: [
        "", "/", "/a", "a/", "a//b", ".", "..", "a/.", "../a", "a/../b", "a\0b", String(repeating: "x", count: 1_025),
    ])
    func badName_isRefused(text: String) {
        let error = #expect(throws: NamespaceError.self) { try ObjectName(text) }
        #expect(error?.code == .badName)
    }

    @Test func names_thatOnlyLookAlike_areTwo() throws {
        let (composed, decomposed) = (try ObjectName("\u{E9}"), try ObjectName("e\u{301}"))
        #expect(composed != decomposed)
        #expect(decomposed < composed)
        #expect(Set([composed, decomposed]).count == 2)
    }

    @Test func names_areOrderedByBytes() throws {
        let names = try ["a", "a-b", "a/b", "a0", "b", "é"].map { try ObjectName($0) }
        #expect(names.sorted() == names)
        #expect(names[2].isAtOrBelow(names[0]) && names[0].isAtOrBelow(names[0]))
        #expect(!names[1].isAtOrBelow(names[0]) && !names[0].isAtOrBelow(names[2]))
        #expect(names[2].components == ["a", "b"])
    }
}
