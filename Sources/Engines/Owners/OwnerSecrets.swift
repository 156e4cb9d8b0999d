import Core
import Crypto

/// What follows from a recovery phrase: the key that signs for the owner and the key that reads what is the owner's.
///
/// Deliberately not `Codable` and shown by neither `description` nor reflection. The parts are derived by HKDF-SHA-256
/// (RFC 5869) from the seed of BIP-39, each under its own info string, so that none tells anything of the other.
public struct OwnerSecrets: Sendable {
    public let signing: SigningKey<OwnerRole>
    public let reading: ReadingKey

    public init(_ phrase: RecoveryPhrase) {
        let seed = phrase.seed
        guard
            let signing = try? SigningKey<OwnerRole>(
                seed: KeyDerivation.key(from: seed, for: "holdfast/owner-signing/1")
            ),
            let reading = try? ReadingKey(KeyDerivation.key(from: seed, for: "holdfast/owner-reading/1"))
        else { preconditionFailure("32 bytes are always a key") }
        self.signing = signing
        self.reading = reading
    }

    public var owner: OwnerID { signing.id }
}

extension OwnerSecrets: CustomStringConvertible, CustomReflectable {
    public var description: String { "secrets of owner \(owner.short)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// The 32-byte secret that the devices of an owner share to read the owner's names.
///
/// Like a ``SigningKey`` it is written to disk by one adapter and logged by none.
public struct ReadingKey: Hashable, Sendable {
    /// The secret; for the key file and for nothing else.
    public let bytes: [UInt8]

    public static let byteCount = 32

    /// - Throws: ``OwnersError`` `.malformed` unless there are exactly 32 bytes.
    public init(_ bytes: [UInt8]) throws(OwnersError) {
        guard bytes.count == Self.byteCount else {
            throw OwnersError(.malformed, "a reading key has \(Self.byteCount) bytes, not \(bytes.count)")
        }
        self.bytes = bytes
    }

    /// A 32-byte key for one purpose; keys of different purposes tell nothing of each other.
    ///
    /// - Parameter purpose: "holdfast/namespace-root/1".
    public func subkey(for purpose: String) -> [UInt8] { KeyDerivation.key(from: bytes, for: purpose) }
}

extension ReadingKey: CustomStringConvertible, CustomReflectable {
    public var description: String { "a reading key" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// HKDF-SHA-256 without salt (RFC 5869): the inputs are secrets of full strength.
private enum KeyDerivation {
    static func key(from secret: [UInt8], for purpose: String) -> [UInt8] {
        let key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: secret),
            info: Array(purpose.utf8),
            outputByteCount: ReadingKey.byteCount
        )
        return key.withUnsafeBytes { Array($0) }
    }
}
