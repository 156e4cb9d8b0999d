import Core
import Crypto

/// The keys of everything that is sealed into one segment: each object has a key of its own in each of its segments.
///
/// All are derived from one random seed (HKDF-SHA-256, RFC 5869), so that a writer can note them in 32 bytes. What is
/// sealed into a segment is fixed once it is full: a seed seals one segment, or the same bytes once more.
public struct SegmentKeys: Hashable, Sendable {
    /// Secret, for no log.
    public let seed: [UInt8]

    public static let seedByteCount = 32

    /// - Throws: ``ObjectsError`` `.malformed` unless the seed has 32 bytes.
    public init(seed: [UInt8]) throws(ObjectsError) {
        guard seed.count == Self.seedByteCount else {
            throw ObjectsError(.malformed, "a seed has \(Self.seedByteCount) bytes, not \(seed.count)")
        }
        self.seed = seed
    }

    /// New keys; pass the system's generator outside of tests.
    public init(using rng: inout some RandomNumberGenerator) {
        seed = (0..<Self.seedByteCount).map { _ in UInt8.random(in: .min ... .max, using: &rng) }
    }

    /// The key of the run with this number in the segment, from 0.
    public func key(ofRun number: Int) -> [UInt8] {
        let key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: seed),
            info: Array("holdfast/segment-run/1 \(number)".utf8),
            outputByteCount: ObjectCipher.keyByteCount
        )
        return key.withUnsafeBytes { Array($0) }
    }
}

extension SegmentKeys: CustomStringConvertible, CustomReflectable {
    public var description: String { "the keys of a segment" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
