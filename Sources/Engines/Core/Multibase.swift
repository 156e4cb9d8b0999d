/// The text encodings that CIDs use: base32 (`b`), base36 (`k`), base58btc (`z`) and hexadecimal (`f`).
///
/// Source: multiformats multibase; RFC 4648 section 6 for base32 (lower case, no padding).
public enum Multibase: Character, Sendable {
    case base32 = "b"
    case base36 = "k"
    case base58btc = "z"
    case base16 = "f"

    /// Longest text that is decoded in a positional base (36 and 58), in characters: those cost O(length²).
    public static let positionalLengthMax = 512
    /// Longest text that is decoded in base 16 or 32, in characters.
    public static let textLengthMax = 64 * 1_024

    private var lengthMax: Int {
        switch self {
        case .base32, .base16: Self.textLengthMax
        case .base36, .base58btc: Self.positionalLengthMax
        }
    }

    private var alphabet: [UInt8] {
        switch self {
        case .base32: Array("abcdefghijklmnopqrstuvwxyz234567".utf8)
        case .base36: Array("0123456789abcdefghijklmnopqrstuvwxyz".utf8)
        case .base58btc: Array("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".utf8)
        case .base16: Array("0123456789abcdef".utf8)
        }
    }

    /// `bytes` as text with the multibase prefix in front.
    public func encode(_ bytes: some Collection<UInt8>) -> String {
        String(rawValue) + encodeBare(bytes)
    }

    /// `bytes` as text without the multibase prefix.
    public func encodeBare(_ bytes: some Collection<UInt8>) -> String {
        switch self {
        case .base32: encodeBits(bytes, bitsPerDigit: 5)
        case .base16: encodeBits(bytes, bitsPerDigit: 4)
        case .base36, .base58btc: encodePositional(bytes)
        }
    }

    /// The bytes behind a text with a multibase prefix.
    ///
    /// - Throws: ``CoreError`` `.invalid` for an unknown prefix or a character outside the alphabet, `.notCanonical`
    ///   for stray bits, `.tooLarge` over the base's longest text.
    public static func decode(_ text: String) throws(CoreError) -> [UInt8] {
        guard let first = text.first, let base = Multibase(rawValue: first) else {
            throw CoreError(.invalid, "\"\(text.prefix(20))\" has no known multibase prefix (b, k, z or f)")
        }
        return try base.decodeBare(text.dropFirst())
    }

    /// The bytes behind a text without prefix.
    public func decodeBare(_ text: some StringProtocol) throws(CoreError) -> [UInt8] {
        let characters = Array(text.utf8)
        guard characters.count <= lengthMax else {
            throw CoreError(.tooLarge, "\(characters.count) characters, at most \(lengthMax) are decoded")
        }
        var digits: [UInt8] = []
        digits.reserveCapacity(characters.count)
        let alphabet = alphabet
        for character in characters {
            guard let digit = alphabet.firstIndex(of: character) else {
                throw CoreError(.invalid, "byte \(character) is not a digit of this base (\(self))")
            }
            digits.append(UInt8(digit))
        }
        switch self {
        case .base32: return try Self.decodeBits(digits, bitsPerDigit: 5)
        case .base16: return try Self.decodeBits(digits, bitsPerDigit: 4)
        case .base36, .base58btc: return Self.decodePositional(digits, radix: alphabet.count)
        }
    }

    private func encodeBits(_ bytes: some Collection<UInt8>, bitsPerDigit: Int) -> String {
        var output: [UInt8] = []
        output.reserveCapacity((bytes.count * 8 + bitsPerDigit - 1) / bitsPerDigit)
        let alphabet = alphabet
        var buffer: UInt32 = 0
        var held = 0
        for byte in bytes {
            buffer = buffer << 8 | UInt32(byte)
            held += 8
            while held >= bitsPerDigit {
                held -= bitsPerDigit
                output.append(alphabet[Int(buffer >> UInt32(held)) & ((1 << bitsPerDigit) - 1)])
            }
            buffer &= (1 << UInt32(held)) - 1
        }
        if held > 0 {
            output.append(alphabet[Int(buffer << UInt32(bitsPerDigit - held)) & ((1 << bitsPerDigit) - 1)])
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static func decodeBits(_ digits: [UInt8], bitsPerDigit: Int) throws(CoreError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count * bitsPerDigit / 8)
        var buffer: UInt32 = 0
        var held = 0
        for digit in digits {
            buffer = buffer << UInt32(bitsPerDigit) | UInt32(digit)
            held += bitsPerDigit
            if held >= 8 {
                held -= 8
                bytes.append(UInt8(truncatingIfNeeded: buffer >> UInt32(held)))
                buffer &= (1 << UInt32(held)) - 1
            }
        }
        guard held < bitsPerDigit, buffer == 0 else {
            throw CoreError(.notCanonical, "the text ends in bits that belong to no byte")
        }
        return bytes
    }

    private func encodePositional(_ bytes: some Collection<UInt8>) -> String {
        let radix = UInt32(alphabet.count)
        let zeros = bytes.prefix { $0 == 0 }.count
        var digits: [UInt8] = []  // least significant first
        for byte in bytes.dropFirst(zeros) {
            var carry = UInt32(byte)
            for index in digits.indices {
                carry += UInt32(digits[index]) << 8
                digits[index] = UInt8(carry % radix)
                carry /= radix
            }
            while carry > 0 {
                digits.append(UInt8(carry % radix))
                carry /= radix
            }
        }
        let alphabet = alphabet
        let text = repeatElement(alphabet[0], count: zeros) + digits.reversed().map { alphabet[Int($0)] }
        return String(decoding: text, as: UTF8.self)
    }

    private static func decodePositional(_ digits: [UInt8], radix: Int) -> [UInt8] {
        let zeros = digits.prefix { $0 == 0 }.count
        var bytes: [UInt8] = []  // least significant first
        for digit in digits.dropFirst(zeros) {
            var carry = UInt32(digit)
            for index in bytes.indices {
                carry += UInt32(bytes[index]) * UInt32(radix)
                bytes[index] = UInt8(truncatingIfNeeded: carry)
                carry >>= 8
            }
            while carry > 0 {
                bytes.append(UInt8(truncatingIfNeeded: carry))
                carry >>= 8
            }
        }
        return Array(repeatElement(0, count: zeros)) + bytes.reversed()
    }
}
