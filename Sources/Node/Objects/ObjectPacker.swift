import Core
import NIOCore
import Namespace
import Objects

/// Seals objects one after the other into segments, and hands each full segment on; small objects share segments.
///
/// Two buffers: while one segment is uploaded the next is filled.
final class ObjectPacker {
    /// An object whose segments are not all named yet.
    struct Packed {
        let key: [UInt8]
        fileprivate var runs: [Run]
    }

    fileprivate struct Run {
        let ordinal: Int
        let offset: Int
        var byteCount: Int
    }

    private let storing: SegmentStoring
    private let owner: OwnerIdentity
    private let leaseEnd: Instant
    private let batch: SegmentJournal.Batch
    private var buffer = SegmentBuffer()
    private var spare: SegmentBuffer?
    private var uploads: [SegmentStoring.Upload] = []
    private var previous: (upload: SegmentStoring.Upload, buffer: SegmentBuffer)?
    private var cipher: ObjectCipher
    private var object: Packed
    private var counter: UInt64 = 0
    /// Plaintext of the next record: it is sealed once it is known whether it is the last.
    private let pending = UnsafeMutableRawBufferPointer.allocate(
        byteCount: ObjectCipher.plaintextBytesMax,
        alignment: 64
    )
    private var pendingCount = 0
    private let sealed = UnsafeMutableRawBufferPointer.allocate(byteCount: ObjectCipher.recordBytesMax, alignment: 64)

    /// - Parameter batch: Where the segments are noted until names mention them.
    init(
        storing: SegmentStoring,
        owner: OwnerIdentity,
        leaseEnd: Instant,
        batch: SegmentJournal.Batch
    ) throws {
        self.batch = batch
        self.storing = storing
        self.owner = owner
        self.leaseEnd = leaseEnd
        (cipher, object) = try Self.start()
    }

    deinit {
        pending.deallocate()
        sealed.deallocate()
    }

    /// Segments that were begun so far, the one that is being filled included.
    var segmentCount: Int { uploads.count + (buffer.byteCount > 0 ? 1 : 0) }

    // MARK: - Objects

    /// Begins the next object.
    func begin() throws {
        precondition(pendingCount == 0, "the object before was not finished")
        (cipher, object) = try Self.start()
        counter = 0
    }

    /// Appends plaintext to the object.
    func write(_ plaintext: UnsafeRawBufferPointer) async throws {
        var rest = plaintext[...]
        while !rest.isEmpty {
            if pendingCount == pending.count { try await sealPending(isLast: false) }
            let count = min(rest.count, pending.count - pendingCount)
            let target = UnsafeMutableRawBufferPointer(rebasing: pending[pendingCount..<(pendingCount + count)])
            target.copyMemory(from: UnsafeRawBufferPointer(rebasing: rest.prefix(count)))
            pendingCount += count
            rest = rest.dropFirst(count)
        }
    }

    func write(_ plaintext: [UInt8]) async throws {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(plaintext.count, 1), alignment: 64)
        defer { copy.deallocate() }
        copy.copyBytes(from: plaintext)
        try await write(UnsafeRawBufferPointer(rebasing: copy[..<plaintext.count]))
    }

    /// Ends the object, which has at least one byte.
    func finish() async throws -> Packed {
        try await sealPending(isLast: true)
        return object
    }

    private static func start() throws -> (ObjectCipher, Packed) {
        var generator = SystemRandomNumberGenerator()
        let key = ObjectCipher.newKey(using: &generator)
        return (try ObjectCipher(key: key), Packed(key: key, runs: []))
    }

    private func sealPending(isLast: Bool) async throws {
        let count = pendingCount + ObjectCipher.tagByteCount
        let record = UnsafeMutableRawBufferPointer(rebasing: sealed[..<count])
        let plaintext = UnsafeRawBufferPointer(rebasing: pending[..<pendingCount])
        try cipher.seal(record: counter, isLast: isLast, plaintext, into: record)
        counter += 1
        pendingCount = 0
        try await append(UnsafeRawBufferPointer(record))
    }

    /// Appends ciphertext that was sealed before to the object that was begun.
    func move(_ ciphertext: ByteBuffer) async throws {
        let bytes = Array(ciphertext.readableBytesView)
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 64)
        defer { copy.deallocate() }
        copy.copyBytes(from: bytes)
        try await append(UnsafeRawBufferPointer(rebasing: copy[..<bytes.count]))
    }

    /// Where what was moved lies now.
    func moved() -> Packed { object }

    private func append(_ ciphertext: UnsafeRawBufferPointer) async throws {
        var rest = ciphertext[...]
        while !rest.isEmpty {
            if buffer.room == 0 { try await flush() }
            let part = rest.prefix(min(rest.count, buffer.room))
            note(part.count)
            buffer.append(UnsafeRawBufferPointer(rebasing: part))
            rest = rest.dropFirst(part.count)
        }
    }

    /// Remembers that the next `count` bytes of the object lie at the end of the current segment.
    private func note(_ count: Int) {
        if let last = object.runs.last, last.ordinal == uploads.count, last.offset + last.byteCount == buffer.byteCount
        {
            object.runs[object.runs.count - 1].byteCount += count
        } else {
            object.runs.append(Run(ordinal: uploads.count, offset: buffer.byteCount, byteCount: count))
        }
    }

    // MARK: - Segments

    /// Hands the current segment on and makes room for the next one.
    private func flush() async throws {
        let upload = storing.store(buffer, owner: owner, leaseEnd: leaseEnd, batch: batch)
        uploads.append(upload)
        if let previous {
            try await previous.upload.released()
            // A segment that nobody takes is no reason to go on with the next ones.
            _ = try await previous.upload.acknowledged()
            spare = previous.buffer
        }
        previous = (upload, buffer)
        buffer = spare ?? SegmentBuffer()
        spare = nil
        buffer.clear()
    }

    /// Ends the last segment; returns when all are acknowledged.
    func close() async throws -> [StoredSegment] {
        if buffer.byteCount > 0 { try await flush() }
        var stored: [StoredSegment] = []
        for upload in uploads { stored.append(try await upload.acknowledged()) }
        return stored
    }

    /// The object as the namespace notes it, once its segments have names.
    static func sealed(_ packed: Packed, in segments: [StoredSegment]) throws -> SealedObject {
        try SealedObject(key: packed.key, extents: extents(packed, in: segments))
    }

    /// Where an object lies, once its segments have names.
    static func extents(_ packed: Packed, in segments: [StoredSegment]) throws -> [Extent] {
        try packed.runs.map { run in
            let reference = try SegmentReference(segments[run.ordinal].record)
            return try Extent(segment: reference, offset: UInt32(run.offset), byteCount: UInt32(run.byteCount))
        }
    }
}

extension SegmentReference {
    /// What a reader has to know of the segment of `record`.
    init(_ record: SegmentRecord) throws {
        try self.init(
            id: Digest(record.id.bytes),
            k: UInt8(clamping: record.code.dataCount),
            n: UInt8(clamping: record.code.totalCount),
            paddedBytes: UInt32(clamping: record.layout.paddedByteCount)
        )
    }
}
