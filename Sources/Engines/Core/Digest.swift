import Crypto

/// A SHA-256 digest: 32 bytes, without a heap allocation.
public struct Digest: Hashable, Sendable {
    private let words: Words32

    /// Length in bytes.
    public static let byteCount = 32

    /// Hashes `bytes`.
    public init(hashing bytes: some ContiguousBytesReadable) {
        self = bytes.withContiguousBytes { Digest(hashing: $0) }
    }

    /// Hashes a region of memory; reads it once, allocates nothing.
    public init(hashing region: UnsafeRawBufferPointer) {
        var hasher = SHA256()
        hasher.update(bufferPointer: region)
        self.init(hasher.finalize())
    }

    init(_ digest: SHA256Digest) {
        words = digest.withUnsafeBytes { Words32($0) }
    }

    /// - Throws: ``CoreError`` `.invalid` unless there are exactly 32 bytes.
    public init(_ bytes: some Collection<UInt8>) throws(CoreError) {
        guard bytes.count == Self.byteCount else {
            throw CoreError(.invalid, "a SHA-256 digest has \(Self.byteCount) bytes, not \(bytes.count)")
        }
        words = Array(bytes).withUnsafeBytes { Words32($0) }
    }

    public var bytes: [UInt8] { words.bytes }

    /// The 32 bytes in place.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withUnsafeBytes(of: self) { bytes in
            precondition(bytes.count == Digest.byteCount, "a digest is stored as its bytes")
            return try body(bytes)
        }
    }
}

/// Bytes that lie in one piece of memory and can be looked at without a copy.
public protocol ContiguousBytesReadable {
    func withContiguousBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result
}

extension [UInt8]: ContiguousBytesReadable {
    public func withContiguousBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withUnsafeBytes(body)
    }
}

extension ArraySlice<UInt8>: ContiguousBytesReadable {
    public func withContiguousBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withUnsafeBytes(body)
    }
}

/// A SHA-256 over bytes that arrive in parts.
public struct Hasher256 {
    private var hasher = SHA256()

    public init() {}

    public mutating func update(_ region: UnsafeRawBufferPointer) {
        hasher.update(bufferPointer: region)
    }

    public mutating func update(_ bytes: some ContiguousBytesReadable) {
        bytes.withContiguousBytes { hasher.update(bufferPointer: $0) }
    }

    public func finalize() -> Digest { Digest(hasher.finalize()) }
}
