import Core
import Testing

@Suite struct MultibaseTests {
    private static let bases: [Multibase] = [.base32, .base36, .base58btc, .base16]

    @Test(arguments: Vectors.base32)
    func base32Vector_isCodedBothWays_agrees(plain: String, text: String) throws {
        #expect(Multibase.base32.encodeBare(Array(plain.utf8)) == text)
        #expect(try Multibase.base32.decodeBare(text) == Array(plain.utf8))
    }

    @Test(arguments: Vectors.multibase)
    func multibaseVector_isCodedBothWays_agrees(plain: String, text: String) throws {
        let base = try #require(text.first.flatMap { Multibase(rawValue: $0) })
        #expect(base.encode(Array(plain.utf8)) == text)
        #expect(try Multibase.decode(text) == Array(plain.utf8))
    }

    @Test(arguments: Vectors.base58)
    func base58Vector_isCodedBothWays_agrees(plain: String, text: String) throws {
        #expect(Multibase.base58btc.encodeBare(hex(plain)) == text)
        #expect(try Multibase.base58btc.decodeBare(text) == hex(plain))
    }

    @Test(arguments: [
        "", "mAQID", "B", "BAFKQAAA", "K2LCPZO", "F00", "\u{0}", "é", "b\u{301}a", "b1", "b8", "ba=", "bmy======",
        "bMY", "b my",
        "k-", "kA", "k ", "z0", "zO", "zI", "zl", "z+", "fg", "fAB", "f0 ", "baé", "k１", "f\u{200B}00",
    ])
    func textOutsideTheAlphabet_isDecoded_isRefused(text: String) {
        #expect(refusal { try Multibase.decode(text) } == .invalid)
    }

    /// Lengths that no whole number of bytes has, and bits left over that are not zero.
    @Test(arguments: [
        "ba", "baaa", "baaaaaa", "bmz", "bmzxr", "bmzxw7", "bmzxw6yr", "bab", "bmzxw6ytboj", "f0", "f000",
    ])
    func textWithStrayBits_isDecoded_isNotCanonical(text: String) {
        #expect(refusal { try Multibase.decode(text) } == .notCanonical)
    }

    @Test(arguments: bases)
    func longestText_isDecoded_andOneCharacterMoreIsRefused(base: Multibase) throws {
        let bits = base == .base32 || base == .base16
        let max = bits ? Multibase.textLengthMax : Multibase.positionalLengthMax
        let zero = base == .base32 ? "a" : base == .base58btc ? "1" : "0"
        #expect(try base.decodeBare(String(repeating: zero, count: max)).allSatisfy { $0 == 0 })
        #expect(refusal { try base.decodeBare(String(repeating: zero, count: max + 1)) } == .tooLarge)
        #expect(
            refusal { try Multibase.decode("\(base.rawValue)\(String(repeating: "!", count: max + 1))") } == .tooLarge
        )
    }

    @Test(arguments: bases, UInt64(0)..<10)
    func anyBytes_areCodedBothWays_comeBack(base: Multibase, seed: UInt64) throws {
        var rng = SplitMix64(seed: seed)
        for _ in 0..<50 {
            let zeros = [UInt8](repeating: 0, count: Int.random(in: 0...3, using: &rng))
            let bytes = zeros + randomBytes(0...80, using: &rng)
            #expect(try base.decodeBare(base.encodeBare(bytes)) == bytes)
            #expect(try Multibase.decode(base.encode(bytes[...])) == bytes)
        }
    }

    @Test(arguments: bases, UInt64(0)..<10)
    func anyText_isDecoded_isRefusedOrIsTheOneEncoding(base: Multibase, seed: UInt64) throws {
        var rng = SplitMix64(seed: seed)
        let characters = Array("0123456789abcdefghijkmnopqrstuvwxyzABCXYZ".utf8)
        let alphabet =
            base == .base32
            ? Array(characters[2..<8] + characters[10..<22])
            : base == .base16 ? Array(characters.prefix(16)) : characters
        for _ in 0..<200 {
            let length = Int.random(in: 0...40, using: &rng)
            let text = String(
                decoding: (0..<length).compactMap { _ in alphabet.randomElement(using: &rng) },
                as: UTF8.self
            )
            guard let bytes = try? base.decodeBare(text) else { continue }
            #expect(base.encodeBare(bytes) == text)
        }
    }
}
