import Core
import NIOCore
import Namespace
import Objects

/// Reads one object from its start to its end, in windows that are fetched some at a time.
struct ObjectReading: Sendable {
    /// Windows fetched at the same time.
    static let windowsAtOnce = 3

    private let object: SealedObject
    private let cipher: ObjectCipher
    private let fetch: SegmentFetch
    private let cache: WindowCache?
    private let recordCount: UInt64
    private var windows: ArraySlice<SegmentWindow>
    private var fetched: [ByteBuffer] = []
    private var ciphertext = ByteBuffer()
    private var counter: UInt64 = 0

    /// - Parameter cache: Where windows come from that other objects share.
    /// - Throws: ``NodeError`` `.corrupt` for extents that cannot be an object.
    init(_ object: SealedObject, fetch: SegmentFetch, cache: WindowCache? = nil) throws {
        self.cache = cache
        self.object = object
        self.fetch = fetch
        cipher = try ObjectCipher(key: object.key)
        windows = SegmentWindow.all(of: object)[...]
        let byteCount = object.extents.reduce(0) { $0 + UInt64($1.byteCount) }
        recordCount = (byteCount + UInt64(ObjectCipher.recordBytesMax) - 1) / UInt64(ObjectCipher.recordBytesMax)
    }

    /// The next plaintext; `nil` after the last.
    ///
    /// - Throws: ``NodeError`` `.mesh` when too few pieces can be reached, ``ObjectsError`` `.badSeal` when what came is
    ///   not what was sealed.
    mutating func next() async throws -> ByteBuffer? {
        while counter < recordCount {
            if let plaintext = try await openRecords() { return plaintext }
            if fetched.isEmpty { try await fetchMore() }
            guard !fetched.isEmpty else { throw NodeError(.corrupt, "the object ends before its last record") }
            let next = fetched.removeFirst()
            if ciphertext.readableBytes == 0 { ciphertext = next } else { ciphertext.writeImmutableBuffer(next) }
        }
        return nil
    }

    private mutating func fetchMore() async throws {
        let batch = Array(windows.prefix(Self.windowsAtOnce))
        windows = windows.dropFirst(batch.count)
        guard !batch.isEmpty else { return }
        if batch.count == 1, let cache {
            fetched = [try await cache.read(batch[0])]
            return
        }
        let (fetch, cache) = (fetch, cache)
        fetched = try await withThrowingTaskGroup(of: (Int, ByteBuffer).self) { group in
            for (number, window) in batch.enumerated() {
                group.addTask {
                    if let cache { return (number, try await cache.read(window)) }
                    return (number, try await fetch.read(window.range, of: window.segment))
                }
            }
            var parts = [ByteBuffer](repeating: ByteBuffer(), count: batch.count)
            for try await (number, bytes) in group { parts[number] = bytes }
            return parts
        }
    }

    /// Opens all whole records that are here; the last one may be short.
    private mutating func openRecords() async throws -> ByteBuffer? {
        let recordBytes = ObjectCipher.recordBytesMax
        let whole = ciphertext.readableBytes / recordBytes
        let isEnd = fetched.isEmpty && windows.isEmpty
        let count = isEnd && ciphertext.readableBytes % recordBytes > 0 ? whole + 1 : whole
        guard count > 0 else { return nil }
        let (cipher, first, total, source) = (cipher, counter, recordCount, ciphertext)
        let bytes = min(count * recordBytes, ciphertext.readableBytes)
        let plaintext = try await fetch.work.run {
            try Self.open(source, bytes, count: count, first: first, total: total, cipher)
        }
        ciphertext.moveReaderIndex(forwardBy: bytes)
        counter += UInt64(count)
        return plaintext
    }

    private static func open(
        _ source: ByteBuffer,
        _ byteCount: Int,
        count: Int,
        first: UInt64,
        total: UInt64,
        _ cipher: ObjectCipher
    ) throws -> ByteBuffer {
        let plaintextCount = byteCount - count * ObjectCipher.tagByteCount
        guard plaintextCount >= 0 else { throw ObjectsError(.badSeal, "the last record is too short") }
        var plaintext = ByteBufferAllocator().buffer(capacity: plaintextCount)
        var failure: (any Error)?
        source.withUnsafeReadableBytes { sealed in
            _ = plaintext.writeWithUnsafeMutableBytes(minimumWritableBytes: plaintextCount) { target in
                var (from, to) = (0, 0)
                for number in 0..<count {
                    let size = min(ObjectCipher.recordBytesMax, byteCount - from)
                    let record = first + UInt64(number)
                    do {
                        guard size >= ObjectCipher.tagByteCount else {
                            throw ObjectsError(.badSeal, "record \(record) is too short")
                        }
                        try cipher.open(
                            record: record,
                            isLast: record + 1 == total,
                            UnsafeRawBufferPointer(rebasing: sealed[from..<(from + size)]),
                            into: UnsafeMutableRawBufferPointer(
                                rebasing: target[to..<(to + size - ObjectCipher.tagByteCount)]
                            )
                        )
                    } catch {
                        failure = error
                        return 0
                    }
                    from += size
                    to += size - ObjectCipher.tagByteCount
                }
                return to
            }
        }
        if let failure { throw failure }
        return plaintext
    }
}
