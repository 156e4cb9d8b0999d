import Crypto

/// An Ed25519 private key whose public half is a ``KeyID`` of the same role.
///
/// Deliberately not `Codable` and without a `description`: it is written to disk by one adapter and logged by none.
public struct SigningKey<Role>: @unchecked Sendable {
    // @unchecked: `Curve25519.Signing.PrivateKey` is an immutable value.
    private let key: Curve25519.Signing.PrivateKey
    public let id: KeyID<Role>

    /// Length of the secret seed, in bytes (RFC 8032).
    public static var seedByteCount: Int { 32 }

    /// - Throws: ``CoreError`` `.invalid` unless there are exactly 32 bytes.
    public init(seed: some Collection<UInt8>) throws(CoreError) {
        guard seed.count == Self.seedByteCount,
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: Array(seed))
        else { throw CoreError(.invalid, "a key seed has \(Self.seedByteCount) bytes, not \(seed.count)") }
        self.key = key
        id = try KeyID(Array(key.publicKey.rawRepresentation))
    }

    /// A new key; pass the system's generator outside of simulations.
    public static func generate(using rng: inout some RandomNumberGenerator) -> SigningKey {
        let seed = (0..<seedByteCount).map { _ in UInt8.random(in: .min ... .max, using: &rng) }
        guard let key = try? SigningKey(seed: seed) else { preconditionFailure("32 bytes are always a seed") }
        return key
    }

    /// The secret seed; for the key file and for nothing else.
    public var seed: [UInt8] { Array(key.rawRepresentation) }

    /// Signs `message` (64 bytes). Ed25519 over 32-byte seeds cannot fail.
    public func signature(over message: [UInt8]) -> [UInt8] {
        guard let signature = try? key.signature(for: message) else { preconditionFailure("Ed25519 signing failed") }
        return Array(signature)
    }
}

extension KeyID {
    /// Whether `signature` is this key's Ed25519 signature over `message`.
    public func verifies(_ signature: [UInt8], over message: [UInt8]) -> Bool {
        guard signature.count == 64, let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else {
            return false
        }
        return key.isValidSignature(signature, for: message)
    }
}
