import Core
import Crypto

/// Tells whether what would be sealed into a segment is what was sealed into another: its plaintext, and as which records.
///
/// HMAC-SHA-256 under a key of the owner (RFC 2104): whoever does not have the key learns nothing of the plaintext, not
/// even by guessing it.
public struct SegmentFingerprint: Sendable {
    private var hash: HMAC<SHA256>

    /// What comes of ``ReadingKey/subkey(for:)``.
    public static let purpose = "holdfast/segment-fingerprint/1"

    public init(key: [UInt8]) {
        hash = HMAC<SHA256>(key: SymmetricKey(data: key))
    }

    /// Begins the records of the next object.
    ///
    /// - Parameters:
    ///   - firstRecord: Number of the first of them in its object.
    ///   - byteCount: Their plaintext, in bytes.
    ///   - endsObject: Whether the last of them is the object's last.
    public mutating func begin(firstRecord: UInt64, byteCount: Int, endsObject: Bool) {
        var head: [UInt8] = []
        for number in [firstRecord, UInt64(byteCount)] {
            head += stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> $0) }
        }
        head.append(endsObject ? 1 : 0)
        hash.update(data: head)
    }

    /// Takes the next plaintext of the records that were begun.
    public mutating func update(_ plaintext: UnsafeRawBufferPointer) {
        hash.update(data: plaintext)
    }

    public func finish() -> Core.Digest {
        guard let digest = try? Core.Digest(Array(hash.finalize())) else {
            preconditionFailure("32 bytes are always a digest")
        }
        return digest
    }
}
