import Core
import Testing

/// What is refused: everything that is not the one encoding of a value, and everything that is meant to do harm.
@Suite struct CBORStrictnessTests {
    @Test(arguments: Vectors.cborOutsideDAG)
    func rfc8949VectorOutsideDAGCBOR_isDecoded_isRefused(encoding: String) {
        #expect(refusal { try CBOR(decoding: hex(encoding)) } != nil)
    }

    /// Each head with every width that is wider than it needs.
    @Test(arguments: [0x00, 0x20, 0x40, 0x60, 0x80, 0xA0] as [UInt8])
    func overlongHead_isDecoded_isNotCanonical(major: UInt8) {
        let widest: [(info: UInt8, argument: String)] = [
            (24, "00"), (24, "17"), (25, "0000"), (25, "0018"), (25, "00ff"), (26, "00000000"), (26, "0000ffff"),
            (27, "0000000000000000"), (27, "00000000ffffffff"),
        ]
        for (info, argument) in widest {
            let bytes = [major | info] + hex(argument) + [UInt8](repeating: 0, count: 300)
            #expect(refusal { try CBOR(decoding: bytes) } == .notCanonical, "\(info) \(argument)")
        }
        for info in 28...31 as ClosedRange<UInt8> {
            #expect(refusal { try CBOR(decoding: [major | info, 0, 0xFF]) } == .notCanonical)
        }
    }

    @Test(
        arguments: [
            ("a2 6162 00 6161 00", .notCanonical),  // not sorted
            ("a2 626161 00 6162 00", .notCanonical),  // longer first
            ("a2 6161 00 6161 00", .notCanonical), ("a2 60 00 60 00", .notCanonical),  // twice
            ("a2 62c3a9 00 6365cc81 00", .notCanonical),  // twice, in two Unicode forms
            ("a1 01 00", .invalid), ("a1 4161 00", .invalid), ("a1 f6 00", .invalid), ("a1 80 00", .invalid),
            ("a1 7801 61 00", .notCanonical), ("a1 61ff 00", .invalid),
            ("61ff", .invalid), ("62c080", .invalid), ("63eda080", .invalid), ("64f4908080", .invalid),
            ("61c3", .invalid),
            ("0000", .invalid), ("f6f6", .invalid), ("8000", .invalid), ("ff", .invalid), ("fc", .invalid),
            ("e0", .invalid), ("f3", .invalid), ("f7", .invalid), ("f814", .invalid), ("f8f4", .invalid),
        ] as [(String, CoreError.Code)]
    )
    func malformedValue_isDecoded_isRefused(encoding: String, code: CoreError.Code) {
        #expect(refusal { try CBOR(decoding: hex(encoding)) } == code)
    }

    @Test(
        arguments: [
            ("d82a 44 01550000", .invalid),  // without the leading 0x00
            ("d82a 45 01 01550000", .invalid), ("d82a 40", .invalid), ("d82a 41 00", .truncated),
            ("d82a 46 00 01550000 00", .invalid), ("d82a 65 00 01550000", .invalid), ("d82a f6", .invalid),
            ("d82a d82a 45 00 01550000", .invalid), ("d82b 45 00 01550000", .invalid), ("c0 60", .invalid),
            ("d9002a 45 00 01550000", .notCanonical), ("da0000002a 45 00 01550000", .notCanonical),
            ("db000000000000002a 45 00 01550000", .notCanonical), ("d82a 5805 00 01550000", .notCanonical),
            ("d82a 5f 45 00 01550000 ff", .notCanonical), ("dbffffffffffffffff 00", .invalid),
            ("d82a 49 00 6261666b71616161", .invalid),  // a CID as text
        ] as [(String, CoreError.Code)]
    )
    func malformedLink_isDecoded_isRefused(encoding: String, code: CoreError.Code) {
        #expect(refusal { try CBOR(decoding: hex(encoding)) } == code)
    }

    @Test(arguments: ["5b", "7b", "9b", "bb", "d82a5b", "819b", "a1607b", "a17b"])
    func announcedLength_beyondTheInput_isTruncated(head: String) {
        let lengths: [UInt64] = [.max, .max - 1, 1 << 63, (1 << 63) - 1, (1 << 63) - 9, 1 << 62, 1 << 32]
        for length in lengths {
            let bytes = hex(head) + withUnsafeBytes(of: length.bigEndian) { Array($0) } + [0x60, 0x60]
            #expect(refusal { try CBOR(decoding: bytes) } == .truncated, "\(length)")
        }
    }

    @Test func nesting_overTheLimit_isTooLarge() {
        for open in ["81", "a160"] {
            for count in [CBOR.depthMax + 1, CBOR.depthMax * 2, 200_000] {
                let bytes = [[UInt8]](repeating: hex(open), count: count).flatMap(\.self) + [0]
                #expect(refusal { try CBOR(decoding: bytes) } == .tooLarge)
            }
        }
    }

    @Test(arguments: UInt64(0)..<40)
    func anyValue_isCutAnywhere_isTruncated(seed: UInt64) {
        var rng = SplitMix64(seed: seed)
        let bytes = CBOR.random(depth: 3, using: &rng).encoded()
        for count in 0..<bytes.count {
            #expect(refusal { try CBOR(decoding: bytes.prefix(count)) } == .truncated, "\(count) of \(bytes.count)")
        }
    }

    @Test(arguments: UInt64(0)..<80)
    func damagedValue_isDecoded_isRefusedOrIsTheOneEncoding(seed: UInt64) {
        var rng = SplitMix64(seed: seed)
        for _ in 0..<50 {
            var bytes = CBOR.random(depth: 3, using: &rng).encoded()
            for _ in 0..<5 {
                bytes = damaged(bytes, using: &rng)
                guard let value = try? CBOR(decoding: bytes) else { continue }
                #expect(value.encoded() == bytes)
            }
        }
    }

    @Test(arguments: UInt64(0)..<20)
    func noise_isDecoded_isRefusedOrIsTheOneEncoding(seed: UInt64) {
        var rng = SplitMix64(seed: seed)
        for _ in 0..<1_000 {
            let bytes = randomBytes(0...24, using: &rng)
            guard let value = try? CBOR(decoding: bytes) else { continue }
            #expect(value.encoded() == bytes)
        }
    }
}
