import Core
import Crypto

extension ObjectCipher {
    /// Longest blob that is sealed whole, in bytes.
    public static let smallBytesMax = 1_048_576
    /// Bytes by which sealing makes a blob longer: nonce and tag.
    public static let smallOverheadByteCount = nonceByteCount + tagByteCount
    /// Length of a wrapped key, in bytes.
    public static let wrappedKeyByteCount = keyByteCount + smallOverheadByteCount

    /// Seals a small blob whole: nonce ‖ ciphertext ‖ tag.
    ///
    /// The nonce is random but for its first bit, which is set: a record's is clear, so a key may do both. Seal at most
    /// 2^31 blobs under one key.
    /// - Parameter context: what the blob is and where it belongs; opening needs the same bytes.
    /// - Throws: ``ObjectsError`` `.tooLarge`.
    public func sealSmall(
        _ plaintext: [UInt8],
        in context: [UInt8],
        using rng: inout some RandomNumberGenerator
    ) throws(ObjectsError) -> [UInt8] {
        guard plaintext.count <= Self.smallBytesMax else {
            throw ObjectsError(.tooLarge, "a blob of \(plaintext.count) bytes, at most \(Self.smallBytesMax)")
        }
        var sealed = (0..<Self.nonceByteCount).map { _ in UInt8.random(in: .min ... .max, using: &rng) }
        sealed[0] |= 0x80
        do {
            let nonce = try AES.GCM.Nonce(data: sealed)
            let box = try AES.GCM.seal(plaintext, using: key, nonce: nonce, authenticating: context)
            sealed += box.ciphertext
            sealed += box.tag
            return sealed
        } catch {
            throw ObjectsError(.badSeal, "a blob of \(plaintext.count) bytes cannot be sealed")
        }
    }

    /// Opens what ``sealSmall(_:in:using:)`` made.
    ///
    /// - Throws: ``ObjectsError`` `.badSeal` when the bytes, the key or the context are others, `.tooLarge`.
    public func openSmall(_ sealed: [UInt8], in context: [UInt8]) throws(ObjectsError) -> [UInt8] {
        guard sealed.count <= Self.smallBytesMax + Self.smallOverheadByteCount else {
            throw ObjectsError(.tooLarge, "a sealed blob of \(sealed.count) bytes")
        }
        // A record's nonce starts with a zero bit: such bytes were never sealed as a blob.
        guard sealed.count >= Self.smallOverheadByteCount, sealed[0] & 0x80 != 0 else {
            throw ObjectsError(.badSeal, "these \(sealed.count) bytes are no sealed blob")
        }
        do {
            let box = try AES.GCM.SealedBox(combined: sealed)
            return Array(try AES.GCM.open(box, using: key, authenticating: context))
        } catch {
            throw ObjectsError(.badSeal, "this is not the blob that was sealed")
        }
    }

    /// Seals another cipher's key under this one.
    ///
    /// - Throws: ``ObjectsError`` `.malformed` unless the key has 32 bytes.
    public func wrap(
        key: [UInt8],
        in context: [UInt8],
        using rng: inout some RandomNumberGenerator
    ) throws(ObjectsError) -> [UInt8] {
        guard key.count == Self.keyByteCount else {
            throw ObjectsError(.malformed, "a key has \(Self.keyByteCount) bytes, not \(key.count)")
        }
        return try sealSmall(key, in: context, using: &rng)
    }

    /// The key that was wrapped.
    ///
    /// - Throws: ``ObjectsError`` `.badSeal`.
    public func unwrap(_ wrapped: [UInt8], in context: [UInt8]) throws(ObjectsError) -> [UInt8] {
        guard wrapped.count == Self.wrappedKeyByteCount else {
            throw ObjectsError(.badSeal, "a wrapped key has \(Self.wrappedKeyByteCount) bytes, not \(wrapped.count)")
        }
        return try openSmall(wrapped, in: context)
    }
}
