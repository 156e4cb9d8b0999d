import Core
import Testing

/// What is valid, and that it survives.
@Suite struct CBORTests {
    @Test(arguments: Vectors.cbor)
    func rfc8949Vector_isCodedBothWays_agrees(vector: CBORVector) throws {
        #expect(vector.value.encoded() == vector.bytes)
        #expect(try CBOR(decoding: vector.bytes) == vector.value)
    }

    /// A link is tag 42 around 0x00 and the binary CID (DAG-CBOR specification).
    @Test func link_isCodedBothWays_isTag42() throws {
        let link = CBOR.link(try CID("bafyreigdmqpykrgxyaxtlafqpqhzrb7qy2rh75nldvfd4tucqmqqme5yje"))
        #expect(Array(link.encoded().prefix(9)) == hex("d82a 5825 00 0171 1220"))
        #expect(try CBOR(decoding: link.encoded()) == link)
        let identity = CBOR.link(try CID("bafkqaaa"))
        #expect(identity.encoded() == hex("d82a 45 00 01550000"))
        let v0 = CBOR.link(try CID("QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n"))
        #expect(Array(v0.encoded().prefix(7)) == hex("d82a 5823 00 1220"))
        #expect(try CBOR(decoding: v0.encoded()) == v0)
    }

    @Test func mapKeys_areWritten_shorterFirstThenByBytes() {
        let keys = ["", "a", "b", "z", "\u{FC}", "aa", "ab", "zz", "aaa", "\u{6C34}"]
        let sorted = ["", "a", "b", "z", "aa", "ab", "zz", "\u{FC}", "aaa", "\u{6C34}"]
        let map = CBOR.map(Dictionary(uniqueKeysWithValues: keys.map { ($0, CBOR.null) }))
        var expected: [UInt8] = [0xAA]
        for key in sorted {
            expected.append(0x60 | UInt8(key.utf8.count))
            expected += key.utf8
            expected.append(0xF6)
        }
        #expect(map.encoded() == expected)
    }

    @Test(
        arguments: [
            (0, "00"), (-1, "20"), (23, "17"), (-24, "37"), (24, "1818"), (-25, "3818"), (255, "18ff"), (256, "190100"),
            (65_535, "19ffff"), (65_536, "1a00010000"), (4_294_967_295, "1affffffff"),
            (4_294_967_296, "1b0000000100000000"),
            (-4_294_967_297, "3b0000000100000000"), (.max, "1b7fffffffffffffff"), (.min, "3b7fffffffffffffff"),
        ] as [(Int64, String)]
    )
    func integer_atEveryWidth_isTheShortestForm(value: Int64, encoding: String) throws {
        #expect(CBOR.integer(value).encoded() == hex(encoding))
        #expect(try CBOR(decoding: hex(encoding)) == .integer(value))
    }

    @Test func text_inEitherUnicodeForm_keepsItsBytes() throws {
        for encoding in ["62c3a9", "6365cc81", "63efbbbf", "6100"] {
            #expect(try CBOR(decoding: hex(encoding)).encoded() == hex(encoding))
        }
    }

    @Test func negativeZero_isCodedBothWays_keepsItsSign() throws {
        #expect(try CBOR(decoding: hex("fb8000000000000000")).encoded() == hex("fb8000000000000000"))
    }

    @Test func values_oneAfterAnother_areReadInTurn() throws {
        var rest = hex("ff 01 6161 80 f6")[1...]
        #expect(try CBOR.read(from: &rest) == .unsigned(1))
        #expect(try CBOR.read(from: &rest) == .text("a"))
        #expect(try CBOR.read(from: &rest) == .array([]))
        #expect(try CBOR.read(from: &rest) == .null)
        #expect(refusal { try CBOR.read(from: &rest) } == .truncated)
    }

    @Test(arguments: UInt64(0)..<40)
    func anyValue_isCodedBothWays_comesBack(seed: UInt64) throws {
        var rng = SplitMix64(seed: seed)
        for _ in 0..<25 {
            let value = CBOR.random(depth: 4, using: &rng)
            let bytes = value.encoded()
            let back = try CBOR(decoding: bytes)
            #expect(back == value)
            #expect(back.encoded() == bytes)
        }
    }

    @Test func nesting_atTheLimit_isRead() throws {
        for open in ["81", "a160"] {
            let bytes = hex(String(repeating: open, count: CBOR.depthMax) + "00")
            #expect(try CBOR(decoding: bytes).encoded() == bytes)
        }
    }
}
