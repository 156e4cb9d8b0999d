import Core
import Testing

@Suite struct VarintTests {
    /// From the multiformats unsigned-varint specification, and the ends of the range.
    @Test(
        arguments: [
            (0, "00"), (1, "01"), (127, "7f"), (128, "8001"), (255, "ff01"), (300, "ac02"), (16_384, "808001"),
            (1 << 62, "808080808080808040"), ((1 << 63) - 1, "ffffffffffffffff7f"),
        ] as [(UInt64, String)]
    )
    func value_isWritten_givesTheOneEncoding(value: UInt64, encoding: String) throws {
        var bytes: [UInt8] = []
        Varint.append(value, to: &bytes)
        #expect(bytes == hex(encoding))
        var rest = bytes[...]
        #expect(try Varint.read(from: &rest) == value)
        #expect(rest.isEmpty)
    }

    @Test(
        arguments: [
            ("", .truncated), ("80", .truncated), ("ffff", .truncated), ("ffffffffffffffff", .truncated),
            ("8000", .notCanonical), ("818000", .notCanonical), ("ffffffffffffffff00", .notCanonical),
            ("ffffffffffffffffff01", .tooLarge), ("80808080808080808001", .tooLarge),
            ("ffffffffffffffffffffffffffffffff", .tooLarge),
        ] as [(String, CoreError.Code)]
    )
    func malformedVarint_isRead_isRefused(encoding: String, code: CoreError.Code) {
        var bytes = hex(encoding)[...]
        #expect(refusal { try Varint.read(from: &bytes) } == code)
    }

    @Test func followingBytes_areLeftAlone() throws {
        var bytes = hex("00 ac02 7f 8001")[1...]
        #expect(try Varint.read(from: &bytes) == 300)
        #expect(bytes.elementsEqual(hex("7f 8001")))
        #expect(try Varint.read(from: &bytes) == 127)
        #expect(try Varint.read(from: &bytes) == 128)
    }

    @Test(arguments: UInt64(0)..<20)
    func anyValue_isWrittenAndRead_comesBack(seed: UInt64) throws {
        var rng = SplitMix64(seed: seed)
        for _ in 0..<500 {
            let value = rng.next() >> UInt64.random(in: 1...63, using: &rng)
            var bytes: [UInt8] = []
            Varint.append(value, to: &bytes)
            var rest = bytes[...]
            #expect(try Varint.read(from: &rest) == value)
            #expect(rest.isEmpty)
            for count in 0..<bytes.count {
                var cut = bytes.prefix(count)
                #expect(refusal { try Varint.read(from: &cut) } == .truncated)
            }
        }
    }

    @Test(arguments: UInt64(0)..<20)
    func anyBytes_areRead_areRefusedOrAreTheOneEncoding(seed: UInt64) throws {
        var rng = SplitMix64(seed: seed)
        for _ in 0..<500 {
            let bytes = randomBytes(0...12, using: &rng)
            var rest = bytes[...]
            guard let value = try? Varint.read(from: &rest) else { continue }
            var again: [UInt8] = []
            Varint.append(value, to: &again)
            #expect(again + rest == bytes)
        }
    }
}
