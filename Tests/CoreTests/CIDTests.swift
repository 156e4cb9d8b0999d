import Core
import Testing

@Suite struct CIDTests {
    private static let emptyDirectoryV1 = "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354"
    private static let emptyDirectoryV0 = "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"

    /// CIDs that every IPFS implementation gives: of no bytes, and of the empty UnixFS directory (dag-pb `0a020801`).
    @Test(arguments: [
        (CID.Codec.raw, "", "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"),
        (.dagPB, "", "bafybeihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"),
        (.dagPB, "0a020801", emptyDirectoryV1),
    ])
    func knownBlock_isHashed_givesItsCID(codec: CID.Codec, block: String, text: String) throws {
        let cid = CID(hashing: hex(block), codec: codec)
        #expect(cid.description == text)
        #expect(try CID(text) == cid)
        #expect(cid.matches(hex(block)))
        #expect(!cid.matches(hex(block + "00")))
    }

    @Test(arguments: [
        ("QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n", ""), (emptyDirectoryV0, "0a020801"),
    ])
    func cidV0_isParsed_keepsItsVersionAndMatchesItsBlock(text: String, block: String) throws {
        let cid = try CID(text)
        #expect(cid.version == 0 && cid.codec == .dagPB)
        #expect(cid.description == text)
        #expect(cid.matches(hex(block)))
        #expect(cid.hash == CID(hashing: hex(block), codec: .dagPB).hash)
        #expect(cid != CID(hashing: hex(block), codec: .dagPB))
        #expect(try CID(bytes: cid.bytes) == cid)
    }

    @Test func emptyIdentity_isParsed_isTheNameOfNothing() throws {
        let cid = try CID("bafkqaaa")
        #expect(cid == CID(codec: .raw, hash: .identity([])))
        #expect(cid.bytes == hex("01550000"))
        #expect(cid.description == "bafkqaaa")
        #expect(cid.matches([UInt8]()) && !cid.matches(hex("00")))
    }

    @Test func everyBase_isParsed_givesTheSameCID() throws {
        let cid = try CID(Self.emptyDirectoryV1)
        for base in [Multibase.base32, .base36, .base58btc, .base16] {
            #expect(try CID(base.encode(cid.bytes)) == cid)
        }
    }

    @Test(arguments: [
        "", "b", "z", "Q", "Qm", emptyDirectoryV0 + "1", String(emptyDirectoryV0.dropLast()), "z" + emptyDirectoryV0,
        emptyDirectoryV0.lowercased(), emptyDirectoryV1.uppercased(), emptyDirectoryV1 + "a", emptyDirectoryV1 + "=",
        String(emptyDirectoryV1.dropFirst()), String(emptyDirectoryV1.dropLast()), " " + emptyDirectoryV1,
        "/ipfs/" + emptyDirectoryV1, "Qm" + String(repeating: "é", count: 22),
        "Qm" + String(repeating: "0", count: 44),
        "f12206e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",  // version 0 behind a multibase prefix
        String(repeating: "b", count: 100_000), "z" + String(repeating: "1", count: 100_000),
    ])
    func textThatIsNoCID_isParsed_isRefused(text: String) {
        #expect(refusal { try CID(text) } != nil)
    }

    /// `H` stands for 32 bytes of digest.
    @Test(
        arguments: [
            ("", .truncated), ("01", .truncated), ("0155", .truncated), ("015512", .truncated),
            ("01551220", .truncated),
            ("1220", .truncated), ("1220 H 00", .invalid), ("01551220 H 00", .invalid), ("00551220 H", .invalid),
            ("02551220 H", .invalid), ("03551220 H", .invalid), ("12551220 H", .invalid),
            ("8100551220 H", .notCanonical),
            ("01d5001220 H", .notCanonical), ("0155920020 H", .notCanonical), ("015512a000 H", .notCanonical),
            ("0155121f H", .invalid), ("01551221 H 00", .invalid), ("01551200", .invalid),
            ("01551320 H H", .invalid), ("01551b20 H", .invalid), ("0155b22020 H", .invalid),
            ("01550020 H 00", .invalid), ("01551221 H", .truncated), ("015512ffffffffffffffff7f", .truncated),
            ("015500ffffffffffffffff7f", .truncated), ("015500ffffffffffffffffff01", .tooLarge),
            ("01ffffffffffffffffff011220 H", .tooLarge), ("015500ffffffffffffffff7f H", .truncated),
        ] as [(String, CoreError.Code)]
    )
    func malformedBytes_areRead_areRefused(form: String, code: CoreError.Code) {
        let digest = String(repeating: "c3", count: 32)
        let bytes = hex(form.split(separator: " ").map { $0 == "H" ? digest : String($0) }.joined())
        #expect(refusal { try CID(bytes: bytes) } == code)
    }

    @Test func identity_atTheLimit_isReadAndOneByteMoreIsRefused() throws {
        let longest = CID(codec: .raw, hash: .identity(Array(repeating: 9, count: CID.identityLengthMax)))
        #expect(try CID(bytes: longest.bytes) == longest)
        #expect(try CID(longest.description) == longest)
        let over = CID(codec: .raw, hash: .identity(Array(repeating: 9, count: CID.identityLengthMax + 1)))
        #expect(refusal { try CID(bytes: over.bytes) } == .tooLarge)
    }

    @Test(arguments: UInt64(0)..<20)
    func anyCID_isCodedBothWays_comesBack(seed: UInt64) throws {
        var rng = SplitMix64(seed: seed)
        for _ in 0..<40 {
            let cid = CID.random(using: &rng)
            #expect(cid.byteCount == cid.bytes.count)
            var bytes = (cid.bytes + [0xAB])[...]
            #expect(try CID.read(from: &bytes) == cid)
            #expect(bytes.elementsEqual([0xAB]))
            #expect(try CID(cid.description) == cid)
            for count in 0..<cid.bytes.count { #expect(refusal { try CID(bytes: cid.bytes.prefix(count)) } != nil) }
        }
    }

    @Test(arguments: UInt64(0)..<40)
    func damagedCID_isRead_isRefusedOrIsTheOneEncoding(seed: UInt64) {
        var rng = SplitMix64(seed: seed)
        for _ in 0..<250 {
            let bytes = damaged(CID.random(using: &rng).bytes, using: &rng)
            guard let cid = try? CID(bytes: bytes) else { continue }
            #expect(cid.bytes == bytes)
        }
    }
}
