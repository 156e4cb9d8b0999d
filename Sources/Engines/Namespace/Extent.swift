import Core

/// A segment as far as a reader has to know of it to fetch its pieces.
public struct SegmentReference: Hashable, Sendable {
    public let id: Digest
    /// How many pieces rebuild the segment.
    public let k: UInt8
    /// How many pieces there are.
    public let n: UInt8
    /// Length of the segment's ciphertext with its padding, in bytes.
    public let paddedBytes: UInt32

    /// Longest segment with its padding, in bytes: 64 MiB, which padding leaves as it is.
    public static let paddedBytesMax: UInt32 = 67_108_864

    /// - Throws: ``NamespaceError`` `.outOfRange` unless 1 ≤ k ≤ n and the length is at least 1 and within its limit.
    public init(id: Digest, k: UInt8, n: UInt8, paddedBytes: UInt32) throws(NamespaceError) {
        guard k >= 1, k <= n, paddedBytes >= 1, paddedBytes <= Self.paddedBytesMax else {
            throw NamespaceError(.outOfRange, "no segment has \(k) of \(n) pieces and \(paddedBytes) bytes")
        }
        self.id = id
        self.k = k
        self.n = n
        self.paddedBytes = paddedBytes
    }
}

/// Where a run of an object's ciphertext lies.
public struct Extent: Hashable, Sendable {
    public let segment: SegmentReference
    /// First byte in the segment's ciphertext.
    public let offset: UInt32
    /// Bytes of ciphertext.
    public let byteCount: UInt32

    /// - Throws: ``NamespaceError`` `.outOfRange` unless it lies within the segment and is not empty.
    public init(segment: SegmentReference, offset: UInt32, byteCount: UInt32) throws(NamespaceError) {
        guard byteCount >= 1, UInt64(offset) + UInt64(byteCount) <= UInt64(segment.paddedBytes) else {
            throw NamespaceError(
                .outOfRange,
                "\(byteCount) bytes at \(offset) are not in a segment of \(segment.paddedBytes) bytes"
            )
        }
        self.segment = segment
        self.offset = offset
        self.byteCount = byteCount
    }
}
