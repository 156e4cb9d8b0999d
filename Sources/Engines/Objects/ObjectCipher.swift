import Core
import Crypto

/// Seals the records of an object under the object's own key, so that moving, cutting or changing them is seen.
///
/// AES-256-GCM; a record's nonce is four zero bytes and the record's number in the object (8 bytes, big-endian), with the
/// number's top bit set on the last record. Never seal different bytes as the same record of the same key.
/// Source: NIST SP 800-38D; Hoang, Reyhanitabar, Rogaway and Vizár, "Online Authenticated-Encryption and its Nonce-Reuse
/// Misuse-Resistance", CRYPTO 2015 (STREAM).
public struct ObjectCipher: Sendable {
    let key: SymmetricKey

    /// Length of a key, in bytes.
    public static let keyByteCount = 32
    /// Bytes by which sealing makes a record longer.
    public static let tagByteCount = 16
    /// Most plaintext in a record, in bytes.
    public static let plaintextBytesMax = 65_520
    /// Longest sealed record, in bytes; all of an object but the last are this long.
    public static let recordBytesMax = plaintextBytesMax + tagByteCount
    /// Most records of an object under one key.
    public static let recordsMax: UInt64 = 1 << 40

    static let nonceByteCount = 12
    private static let lastRecord: UInt64 = 1 << 63

    /// - Throws: ``ObjectsError`` `.malformed` unless the key has 32 bytes.
    public init(key: [UInt8]) throws(ObjectsError) {
        guard key.count == Self.keyByteCount else {
            throw ObjectsError(.malformed, "an object's key has \(Self.keyByteCount) bytes, not \(key.count)")
        }
        self.key = SymmetricKey(data: key)
    }

    /// A new key; pass the system's generator outside of tests.
    public static func newKey(using rng: inout some RandomNumberGenerator) -> [UInt8] {
        (0..<keyByteCount).map { _ in UInt8.random(in: .min ... .max, using: &rng) }
    }

    /// Seals `plaintext` as record number `counter` into `sealed`, which has exactly 16 bytes more.
    ///
    /// - Throws: ``ObjectsError`` `.outOfRange` for a length or a number that no record has.
    public func seal(
        record counter: UInt64,
        isLast: Bool,
        _ plaintext: UnsafeRawBufferPointer,
        into sealed: UnsafeMutableRawBufferPointer
    ) throws(ObjectsError) {
        try Self.check(counter, plaintext: plaintext.count, sealed: sealed.count)
        do {
            let nonce = try Self.nonce(counter, isLast: isLast)
            let box = try AES.GCM.seal(plaintext, using: key, nonce: nonce)
            let ciphertext = UnsafeMutableRawBufferPointer(rebasing: sealed[..<plaintext.count])
            box.ciphertext.withUnsafeBytes { ciphertext.copyMemory(from: $0) }
            let tag = UnsafeMutableRawBufferPointer(rebasing: sealed[plaintext.count...])
            box.tag.withUnsafeBytes { tag.copyMemory(from: $0) }
        } catch {
            throw ObjectsError(.badSeal, "record \(counter) cannot be sealed")
        }
    }

    /// Opens record number `counter` into `plaintext`, which has exactly 16 bytes less than `sealed`.
    ///
    /// - Throws: ``ObjectsError`` `.badSeal` when these are not the bytes that were sealed as this record under this key,
    ///   `.outOfRange` for a length or a number that no record has.
    public func open(
        record counter: UInt64,
        isLast: Bool,
        _ sealed: UnsafeRawBufferPointer,
        into plaintext: UnsafeMutableRawBufferPointer
    ) throws(ObjectsError) {
        try Self.check(counter, plaintext: plaintext.count, sealed: sealed.count)
        do {
            let box = try AES.GCM.SealedBox(
                nonce: Self.nonce(counter, isLast: isLast),
                ciphertext: UnsafeRawBufferPointer(rebasing: sealed[..<plaintext.count]),
                tag: UnsafeRawBufferPointer(rebasing: sealed[plaintext.count...])
            )
            try AES.GCM.open(box, using: key).withUnsafeBytes { plaintext.copyMemory(from: $0) }
        } catch {
            throw ObjectsError(.badSeal, "record \(counter) is not what was sealed there")
        }
    }

    private static func check(_ counter: UInt64, plaintext: Int, sealed: Int) throws(ObjectsError) {
        guard counter < recordsMax else {
            throw ObjectsError(.outOfRange, "an object has at most \(recordsMax) records, not one numbered \(counter)")
        }
        guard plaintext <= plaintextBytesMax, sealed == plaintext + tagByteCount else {
            throw ObjectsError(.outOfRange, "no record of \(sealed) bytes has a plaintext of \(plaintext) bytes")
        }
    }

    private static func nonce(_ counter: UInt64, isLast: Bool) throws -> AES.GCM.Nonce {
        let number = isLast ? counter | lastRecord : counter
        return try withUnsafeBytes(
            of: (
                UInt32(0), UInt32(truncatingIfNeeded: number >> 32).bigEndian,
                UInt32(truncatingIfNeeded: number).bigEndian
            )
        ) { try AES.GCM.Nonce(data: $0) }
    }
}
