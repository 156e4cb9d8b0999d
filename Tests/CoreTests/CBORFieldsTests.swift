import Core
import Testing

@Suite struct CBORFieldsTests {
    private let fields: CBORFields

    init() throws {
        let map: [String: CBOR] = [
            "most": .unsigned(.max), "least": .negative(.max), "min": .integer(.min), "max": .integer(.max),
            "past": .unsigned(1 << 63), "beforePast": .negative(1 << 63), "ten": .unsigned(10),
            "text": .text("\u{FC}\u{FC}"),
            "bytes": .bytes([1, 2, 3]), "yes": .bool(true), "link": .link(try CID("bafkqaaa")),
            "array": .array([.null, .null]), "key": .bytes(Array(repeating: 7, count: 32)), "null": .null,
        ]
        fields = try CBORFields(decoding: CBOR.map(map).encoded(), of: "test record")
    }

    @Test func fieldsOfTheRightType_areRead_giveTheirValues() throws {
        #expect(try fields.unsigned("most") == .max)
        #expect(try fields.integer("min") == .min)
        #expect(try fields.integer("max") == .max)
        #expect(try fields.instant("min") == .distantPast)
        #expect(try fields.bool("yes"))
        #expect(try fields.text("text", max: 4) == "\u{FC}\u{FC}")
        #expect(try fields.bytes("bytes", max: 3) == [1, 2, 3])
        #expect(try fields.link("link") == CID("bafkqaaa"))
        #expect(try fields.array("array", max: 2) == [.null, .null])
        #expect(try fields.key("key", as: NodeRole.self).bytes == Array(repeating: 7, count: 32))
        #expect(fields.optional("null") == .null && fields.optional("none") == nil)
    }

    @Test func integersOutside64Bits_areRead_areRefused() {
        for name in ["most", "least", "past", "beforePast"] {
            #expect(refusal { try fields.integer(name) } == .invalid)
            #expect(refusal { try fields.instant(name) } == .invalid)
        }
        #expect(refusal { try fields.unsigned("min") } == .invalid)
    }

    @Test func fieldsOverTheirLimit_areRead_areTooLarge() {
        #expect(refusal { try fields.unsigned("ten", max: 9) } == .tooLarge)
        #expect(refusal { try fields.unsigned("most", max: .max - 1) } == .tooLarge)
        #expect(refusal { try fields.text("text", max: 3) } == .tooLarge)
        #expect(refusal { try fields.bytes("bytes", max: 2) } == .tooLarge)
        #expect(refusal { try fields.array("array", max: 1) } == .tooLarge)
    }

    @Test func absentField_isRead_isMissing() {
        #expect(refusal { try fields.value("none") } == .missingField)
        #expect(refusal { try fields.unsigned("none") } == .missingField)
        #expect(refusal { try fields.key("none", as: NodeRole.self) } == .missingField)
    }

    @Test func fieldOfAnotherType_isRead_isRefused() {
        #expect(refusal { try fields.unsigned("null") } == .invalid)
        #expect(refusal { try fields.bool("ten") } == .invalid)
        #expect(refusal { try fields.text("bytes", max: 9) } == .invalid)
        #expect(refusal { try fields.bytes("text", max: 9) } == .invalid)
        #expect(refusal { try fields.link("bytes") } == .invalid)
        #expect(refusal { try fields.array("text", max: 9) } == .invalid)
        #expect(refusal { try fields.key("bytes", as: NodeRole.self) } == .invalid)
    }

    @Test(arguments: ["80", "f6", "00", "60"])
    func valueThatIsNoMap_isRead_isRefused(encoding: String) {
        #expect(refusal { try CBORFields(decoding: hex(encoding), of: "test record") } == .invalid)
    }
}
