import Core
import NIOCore
import Namespace
import Objects

/// Reads one object from its start to its end, in windows of which the next ones are fetched while one is read.
package struct ObjectReading: Sendable {
    /// Whole records that were opened.
    package struct Records: Sendable {
        package let plaintext: ByteBuffer
        /// Their tags, by which it can be told later that the plaintext is still theirs.
        package let seals: ByteBuffer

        package init(plaintext: ByteBuffer, seals: ByteBuffer) {
            self.plaintext = plaintext
            self.seals = seals
        }
    }

    private let ciphers: RecordCiphers
    private let fetch: SegmentFetch
    private let cache: WindowCache
    private var windows: ArraySlice<SegmentWindow>
    private var fetched: [ByteBuffer] = []
    private var ciphertext = ByteBuffer()
    private var counter: UInt64

    /// - Parameter first: Number of the record to begin with.
    /// - Throws: ``NodeError`` `.corrupt` for extents that cannot be an object.
    package init(_ object: SealedObject, fetch: SegmentFetch, from first: UInt64 = 0) throws {
        try self.init(object, fetch: fetch, cache: nil, from: first)
    }

    /// - Parameters:
    ///   - cache: Where windows come from that other objects share.
    ///   - first: Number of the record to begin with.
    /// - Throws: ``NodeError`` `.corrupt` for extents that cannot be an object.
    init(_ object: SealedObject, fetch: SegmentFetch, cache: WindowCache?, from first: UInt64 = 0) throws {
        let windows = try Self.extents(of: object, from: first).flatMap(SegmentWindow.all)
        self.windows = windows[...]
        self.cache = cache ?? WindowCache(of: windows, fetch: fetch)
        self.fetch = fetch
        ciphers = try RecordCiphers(object)
        counter = first
    }

    /// Where the records from `first` on lie; all but the last are equally long.
    private static func extents(of object: SealedObject, from first: UInt64) throws -> [Extent] {
        var skipped = first * UInt64(ObjectCipher.recordBytesMax)
        var extents: [Extent] = []
        for extent in object.extents {
            let count = min(skipped, UInt64(extent.byteCount))
            skipped -= count
            guard count < UInt64(extent.byteCount) else { continue }
            extents.append(
                try Extent(
                    segment: extent.segment,
                    offset: extent.offset + UInt32(count),
                    byteCount: extent.byteCount - UInt32(count)
                )
            )
        }
        return extents
    }

    /// The next plaintext; `nil` after the last.
    ///
    /// - Throws: ``NodeError`` `.mesh` when too few pieces can be reached, ``ObjectsError`` `.badSeal` when what came is
    ///   not what was sealed.
    package mutating func next() async throws -> ByteBuffer? { try await nextRecords()?.plaintext }

    /// As ``next()``, with the seals.
    mutating func nextRecords() async throws -> Records? {
        while counter < ciphers.recordCount {
            if let records = try await openRecords() { return records }
            if fetched.isEmpty { try await fetchMore() }
            guard !fetched.isEmpty else { throw NodeError(.corrupt, "the object ends before its last record") }
            let next = fetched.removeFirst()
            if ciphertext.readableBytes == 0 { ciphertext = next } else { ciphertext.writeImmutableBuffer(next) }
        }
        return nil
    }

    private mutating func fetchMore() async throws {
        guard let next = windows.popFirst() else { return }
        fetched = [try await cache.read(next)]
    }

    /// Opens all whole records that are here; the last one may be short.
    private mutating func openRecords() async throws -> Records? {
        let recordBytes = ObjectCipher.recordBytesMax
        let whole = ciphertext.readableBytes / recordBytes
        let isEnd = fetched.isEmpty && windows.isEmpty
        let count = isEnd && ciphertext.readableBytes % recordBytes > 0 ? whole + 1 : whole
        guard count > 0 else { return nil }
        let (ciphers, first, source) = (ciphers, counter, ciphertext)
        let bytes = min(count * recordBytes, ciphertext.readableBytes)
        let records = try await fetch.work.run {
            try Self.open(source, bytes, count: count, first: first, ciphers)
        }
        ciphertext.moveReaderIndex(forwardBy: bytes)
        counter += UInt64(count)
        return records
    }

    private static func open(
        _ source: ByteBuffer,
        _ byteCount: Int,
        count: Int,
        first: UInt64,
        _ ciphers: RecordCiphers
    ) throws -> Records {
        let plaintextCount = byteCount - count * ObjectCipher.tagByteCount
        guard plaintextCount >= 0 else { throw ObjectsError(.badSeal, "the last record is too short") }
        var plaintext = ByteBufferAllocator().buffer(capacity: plaintextCount)
        var seals = ByteBufferAllocator().buffer(capacity: count * ObjectCipher.tagByteCount)
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
                        try ciphers.cipher(of: record).open(
                            record: record,
                            isLast: ciphers.isLast(record),
                            UnsafeRawBufferPointer(rebasing: sealed[from..<(from + size)]),
                            into: UnsafeMutableRawBufferPointer(
                                rebasing: target[to..<(to + size - ObjectCipher.tagByteCount)]
                            )
                        )
                    } catch {
                        failure = error
                        return 0
                    }
                    seals.writeBytes(sealed[(from + size - ObjectCipher.tagByteCount)..<(from + size)])
                    from += size
                    to += size - ObjectCipher.tagByteCount
                }
                return to
            }
        }
        if let failure { throw failure }
        return Records(plaintext: plaintext, seals: seals)
    }
}
