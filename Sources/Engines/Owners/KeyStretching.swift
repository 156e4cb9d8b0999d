import Crypto

/// PBKDF2 with HMAC-SHA-512 for one block of output, 64 bytes.
///
/// Source: RFC 8018 section 5.2; BIP-39 asks for exactly one block.
enum KeyStretching {
    static let byteCount = 64

    /// - Parameter rounds: at least 1; fewer count as 1.
    static func block(password: [UInt8], salt: [UInt8], rounds: Int) -> [UInt8] {
        let key = SymmetricKey(data: password)
        var last = Array(HMAC<SHA512>.authenticationCode(for: salt + [0, 0, 0, 1], using: key))
        var sum = last
        for _ in stride(from: 1, to: rounds, by: 1) {
            last = Array(HMAC<SHA512>.authenticationCode(for: last, using: key))
            for index in sum.indices { sum[index] ^= last[index] }
        }
        return sum
    }
}
