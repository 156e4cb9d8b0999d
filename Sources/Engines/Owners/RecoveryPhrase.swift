import Crypto

/// The 12 or 24 words of BIP-39 from which all of an owner's keys follow.
///
/// Whoever has the words is the owner; so neither `description` nor reflection shows them, only ``words`` does.
public struct RecoveryPhrase: Hashable, Sendable {
    /// How many words a phrase has: 12 carry 128 bits of secret, 24 carry 256.
    public struct Length: Hashable, Sendable {
        let entropyByteCount: Int

        public static let twelveWords = Length(entropyByteCount: 16)
        public static let twentyFourWords = Length(entropyByteCount: 32)
    }

    private let entropy: [UInt8]
    /// The words in order, in lower case.
    public let words: [String]

    /// Longest text that is read as a phrase, in UTF-8 bytes.
    public static let textBytesMax = 4_096
    private static let roundCount = 2_048

    /// - Throws: ``OwnersError`` `.badPhrase` unless there are 16 or 32 bytes.
    public init(entropy: [UInt8]) throws(OwnersError) {
        guard entropy.count == 16 || entropy.count == 32 else {
            throw OwnersError(.badPhrase, "a phrase is made of 16 or 32 bytes, not \(entropy.count)")
        }
        self.init(checked: entropy)
    }

    /// Reads what a person typed: any white space between the words, any case.
    ///
    /// - Throws: ``OwnersError`` `.badPhrase` with the position of the first wrong word and what may be meant, with the
    ///   wrong count, or because the checksum does not match.
    public init(words text: String) throws(OwnersError) {
        guard text.utf8.count <= Self.textBytesMax else {
            throw OwnersError(.badPhrase, "a phrase of \(text.utf8.count) bytes, at most \(Self.textBytesMax)")
        }
        let typed = text.lowercased().split(whereSeparator: \.isWhitespace).map(String.init)
        var bits: [Bool] = []
        for (index, word) in typed.enumerated() {
            guard let number = EnglishWords.index(of: word) else {
                throw OwnersError(.badPhrase, "word \(index + 1) " + WordSuggestion(for: word).sentence)
            }
            for bit in (0..<11).reversed() { bits.append(number >> bit & 1 == 1) }
        }
        guard typed.count == 12 || typed.count == 24 else {
            throw OwnersError(.badPhrase, "a recovery phrase has 12 or 24 words, this one has \(typed.count)")
        }
        let bytes = Self.bytes(bits)
        self.init(checked: Array(bytes.prefix(typed.count / 3 * 4)))
        guard words == typed else {
            throw OwnersError(
                .badPhrase,
                "each word is in the list, but they do not belong together: one is not the right one, or their order is not"
            )
        }
    }

    /// A new phrase; pass the system's generator outside of simulations.
    public static func generate(
        _ length: Length = .twentyFourWords,
        using rng: inout some RandomNumberGenerator
    ) -> RecoveryPhrase {
        RecoveryPhrase(
            checked: (0..<length.entropyByteCount).map { _ in UInt8.random(in: .min ... .max, using: &rng) }
        )
    }

    /// `entropy` has 16 or 32 bytes.
    private init(checked entropy: [UInt8]) {
        let checksum = Array(SHA256.hash(data: entropy))
        let bits = (entropy + checksum.prefix(1)).flatMap { byte in (0..<8).reversed().map { byte >> $0 & 1 == 1 } }
        let wordCount = entropy.count / 4 * 3
        words = (0..<wordCount).map { word in
            EnglishWords.all[bits[(word * 11)..<(word * 11 + 11)].reduce(0) { $0 << 1 | ($1 ? 1 : 0) }]
        }
        self.entropy = entropy
    }

    private static func bytes(_ bits: [Bool]) -> [UInt8] {
        stride(from: 0, to: bits.count, by: 8).map { start in
            bits[start..<min(start + 8, bits.count)].reduce(0) { $0 << 1 | ($1 ? 1 : 0) }
        }
    }

    /// The 64-byte seed of BIP-39 without a passphrase; takes milliseconds to compute, on purpose.
    public var seed: [UInt8] { seed(passphrase: "") }

    /// - Parameter passphrase: ASCII, so that its Unicode normal form is itself.
    package func seed(passphrase: String) -> [UInt8] {
        KeyStretching.block(
            password: Array(words.joined(separator: " ").utf8),
            salt: Array("mnemonic".utf8) + Array(passphrase.utf8),
            rounds: Self.roundCount
        )
    }
}

extension RecoveryPhrase: CustomStringConvertible, CustomReflectable {
    public var description: String { "a recovery phrase of \(words.count) words" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
