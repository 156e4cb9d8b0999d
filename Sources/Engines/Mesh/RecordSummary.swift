import Core

/// A fingerprint of a set of records: equal sets have equal summaries, and unequal buckets say where they differ.
///
/// Each bucket is the XOR of a mix of (key hash, version) over its records, so a change costs O(1). Somebody could craft
/// records whose mixes cancel out; then two nodes miss a difference of theirs until a record changes, and no more.
struct RecordSummary: Hashable, Sendable {
    static let bucketCount = 64

    private(set) var buckets = [UInt64](repeating: 0, count: bucketCount)

    init() {}

    init?(buckets: [UInt64]) {
        guard buckets.count == Self.bucketCount else { return nil }
        self.buckets = buckets
    }

    /// The first eight bytes of SHA-256 over kind and subject.
    static func hash(of key: RecordKey) -> UInt64 {
        Digest(hashing: [key.kind.code] + key.subject).bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    static func bucket(of keyHash: UInt64) -> Int { Int(keyHash >> 58) }

    mutating func toggle(keyHash: UInt64, version: UInt64) {
        var mixer = SplitMix64(seed: keyHash ^ version &* 0x9E37_79B9_7F4A_7C15)
        buckets[Self.bucket(of: keyHash)] ^= mixer.next()
    }

    /// Indexes of the buckets in which two sets differ.
    func differences(from other: RecordSummary) -> [Int] {
        buckets.indices.filter { buckets[$0] != other.buckets[$0] }
    }
}
