import Core
import GoldenVectors
import Owners
import Testing

@Suite struct RecoveryPhraseTests {
    @Test func officialVectors_ofEntropy_giveWordsAndSeed() throws {
        for vector in officialPhrases {
            let phrase = try RecoveryPhrase(entropy: bytes(hex: vector.entropy))
            #expect(phrase.words.joined(separator: " ") == vector.words)
            #expect(try phrase.seed(passphrase: "TREZOR") == bytes(hex: vector.seed))
            #expect(try RecoveryPhrase(words: vector.words) == phrase)
        }
    }

    @Test func words_inAnyCaseAndSpacing_areRead() throws {
        let phrase = try RecoveryPhrase(words: officialPhrases[1].words)
        let typed = "  Legal WINNER\tthank\nyear   wave sausage\r\nworth\u{00A0}useful legal winner thank Yellow \n"
        #expect(try RecoveryPhrase(words: typed) == phrase)
    }

    @Test(arguments: [
        ("abondon", "word 4 \"abondon\" is not in the list; did you mean \"abandon\"?"),
        ("yaer", "word 4 \"yaer\" is not in the list; did you mean \"year\"?"),
        ("zzzzzzzz", "word 4 \"zzzzzzzz\" is not in the list"),
        ("supercalifragilistic", "word 4 \"supercalifra…\" is not in the list"),
    ])
    func wrongWord_inAPhrase_isNamedWithWhatMayBeMeant(word: String, message: String) {
        let error = #expect(throws: OwnersError.self) {
            try RecoveryPhrase(words: "legal winner thank \(word) wave sausage worth useful legal winner thank yellow")
        }
        #expect(error?.code == .badPhrase)
        #expect(error?.message == message)
    }

    @Test(arguments: ["", "legal", "legal winner thank year wave sausage worth useful legal winner thank"])
    func wrongCount_ofWords_isNamed(text: String) {
        let error = #expect(throws: OwnersError.self) { try RecoveryPhrase(words: text) }
        #expect(error?.message.hasPrefix("a recovery phrase has 12 or 24 words, this one has") == true)
    }

    @Test func swappedWords_inAPhrase_failTheChecksum() {
        let error = #expect(throws: OwnersError.self) {
            try RecoveryPhrase(words: "winner legal thank year wave sausage worth useful legal winner thank yellow")
        }
        #expect(error?.message.contains("do not belong together") == true)
    }

    @Test func hugeText_asPhrase_isRefused() {
        #expect(throws: OwnersError.self) { try RecoveryPhrase(words: String(repeating: "zoo ", count: 10_000)) }
        #expect(throws: OwnersError.self) { try RecoveryPhrase(words: String(repeating: "zoo ", count: 1_000)) }
    }

    @Test(arguments: [0, 15, 17, 24, 31, 33])
    func entropy_ofAnotherSize_isRefused(count: Int) {
        #expect(throws: OwnersError.self) { try RecoveryPhrase(entropy: Array(repeating: 0, count: count)) }
    }

    @Test func generatedPhrases_ofManySeeds_areReadBack() throws {
        for seed in 0..<300 {
            var rng = SplitMix64(seed: UInt64(seed))
            let phrase = RecoveryPhrase.generate(seed % 2 == 0 ? .twelveWords : .twentyFourWords, using: &rng)
            #expect(phrase.words.count == (seed % 2 == 0 ? 12 : 24))
            #expect(try RecoveryPhrase(words: phrase.words.joined(separator: " ")) == phrase)
        }
    }

    @Test func secrets_ofAPhrase_areDistinctStableAndNotShown() throws {
        let phrase = try RecoveryPhrase(words: officialPhrases[1].words)
        let secrets = OwnerSecrets(phrase)
        let vector = try Vectors.bytes("owner-secrets-v1", or: secrets.signing.seed + secrets.reading.bytes)
        #expect(secrets.signing.seed + secrets.reading.bytes == vector)
        #expect(secrets.signing.seed != secrets.reading.bytes)
        #expect(secrets.reading.subkey(for: "a") != secrets.reading.subkey(for: "b"))
        for shown in [String(describing: phrase), String(reflecting: phrase)] { #expect(!shown.contains("winner")) }
        var dumped = ""
        dump(secrets, to: &dumped)
        dump(phrase, to: &dumped)
        #expect(!dumped.contains("winner") && !dumped.contains("bytes") && !dumped.contains("entropy"))
    }
}
