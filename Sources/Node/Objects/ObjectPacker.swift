import Core
import NIOCore
import Namespace
import Objects

/// Lays objects one after the other into segments, and hands each full segment on; small objects share segments.
///
/// A record lies whole in one segment, and what an object has in a segment is sealed under a key of its own: a segment
/// that was stored before can be taken whatever comes before and behind it. Two buffers: while one segment is sealed and
/// uploaded the next is filled, but only so far that both together stay small.
package final class ObjectPacker {
    /// An object whose segments are not all named yet.
    package struct Packed {
        fileprivate var runs: [Run] = []
    }

    fileprivate struct Run {
        let ordinal: Int
        let offset: Int
        var byteCount: Int
        /// Which of the segment's runs it is; this tells its key.
        var number = 0
        var firstRecord: UInt64 = 0
    }

    /// Bytes of a segment that are there while the one before is still uploaded; about 30 ms of sealing are left then.
    static let aheadBytesMax = 32 << 20

    private let storing: SegmentStoring
    private let owner: OwnerIdentity
    private let leaseEnd: Instant
    private let batch: SegmentJournal.Batch
    private let resumption: SegmentResumption?
    private var buffer = SegmentBuffer()
    private var spare: SegmentBuffer?
    private var uploads: [SegmentStoring.Upload] = []
    private var previous: (upload: SegmentStoring.Upload, buffer: SegmentBuffer)?
    private var object = Packed()
    private var counter: UInt64 = 0
    /// Plaintext of the next record: its place is known once it is known whether it is the last.
    private let pending = UnsafeMutableRawBufferPointer.allocate(
        byteCount: ObjectCipher.plaintextBytesMax,
        alignment: 64
    )
    private var pendingCount = 0

    /// - Parameters:
    ///   - batch: Where the segments are noted until names mention them.
    ///   - resumption: What is stored already and need not be sent again; `nil` for what is never the same twice.
    package init(
        storing: SegmentStoring,
        owner: OwnerIdentity,
        leaseEnd: Instant,
        batch: SegmentJournal.Batch,
        resumption: SegmentResumption? = nil
    ) {
        self.batch = batch
        self.resumption = resumption
        self.storing = storing
        self.owner = owner
        self.leaseEnd = leaseEnd
    }

    deinit {
        pending.deallocate()
    }

    /// Segments that were begun so far, the one that is being filled included.
    var segmentCount: Int { uploads.count + (buffer.byteCount > 0 ? 1 : 0) }

    // MARK: - Objects

    /// Begins the next object.
    package func begin() {
        precondition(pendingCount == 0, "the object before was not finished")
        object = Packed()
        counter = 0
    }

    /// Appends plaintext to the object.
    func write(_ plaintext: UnsafeRawBufferPointer) async throws {
        var rest = plaintext[...]
        while !rest.isEmpty {
            if pendingCount == pending.count { try await placePending(isLast: false) }
            let count = min(rest.count, pending.count - pendingCount)
            let target = UnsafeMutableRawBufferPointer(rebasing: pending[pendingCount..<(pendingCount + count)])
            target.copyMemory(from: UnsafeRawBufferPointer(rebasing: rest.prefix(count)))
            pendingCount += count
            rest = rest.dropFirst(count)
        }
    }

    package func write(_ plaintext: [UInt8]) async throws {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(plaintext.count, 1), alignment: 64)
        defer { copy.deallocate() }
        copy.copyBytes(from: plaintext)
        try await write(UnsafeRawBufferPointer(rebasing: copy[..<plaintext.count]))
    }

    /// Ends the object, which has at least one byte.
    package func finish() async throws -> Packed {
        try await placePending(isLast: true)
        return object
    }

    private func placePending(isLast: Bool) async throws {
        let count = pendingCount + ObjectCipher.tagByteCount
        if buffer.byteCount >= Self.aheadBytesMax { try await settle() }
        if buffer.room < count { try await flush() }
        let startsRun = object.runs.last?.ordinal != uploads.count
        if startsRun {
            object.runs.append(
                Run(
                    ordinal: uploads.count,
                    offset: buffer.byteCount,
                    byteCount: count,
                    number: buffer.runCount,
                    firstRecord: counter
                )
            )
        } else {
            object.runs[object.runs.count - 1].byteCount += count
        }
        let plaintext = UnsafeRawBufferPointer(rebasing: pending[..<pendingCount])
        buffer.append(plaintext, record: counter, isLast: isLast, startsRun: startsRun)
        counter += 1
        pendingCount = 0
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
            if buffer.byteCount >= Self.aheadBytesMax { try await settle() }
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
        let upload = storing.store(
            buffer,
            owner: owner,
            leaseEnd: leaseEnd,
            batch: batch,
            resumption: resumption
        )
        uploads.append(upload)
        try await settle()
        previous = (upload, buffer)
        buffer = spare ?? SegmentBuffer()
        spare = nil
        buffer.clear()
    }

    /// Waits until the segment before is stored, and gives its memory back.
    private func settle() async throws {
        guard let last = previous else { return }
        previous = nil
        try await last.upload.released()
        // A segment that nobody takes is no reason to go on with the next ones.
        _ = try await last.upload.acknowledged()
        last.buffer.discard()
        spare = last.buffer
    }

    /// Ends the last segment; returns when all are acknowledged.
    package func close() async throws -> [StoredSegment] {
        if buffer.byteCount > 0 { try await flush() }
        var stored: [StoredSegment] = []
        for upload in uploads { stored.append(try await upload.acknowledged()) }
        return stored
    }

    /// The object as the namespace notes it, once its segments have names.
    package static func sealed(_ packed: Packed, in segments: [StoredSegment]) throws -> SealedObject {
        let keys = packed.runs.map { run in
            SealedObject.Rekeying(
                firstRecord: run.firstRecord,
                key: segments[run.ordinal].keys.key(ofRun: run.number)
            )
        }
        guard let first = keys.first else { throw NodeError(.corrupt, "an object without a byte was packed") }
        return try SealedObject(
            key: first.key,
            rekeyings: Array(keys.dropFirst()),
            extents: extents(packed, in: segments)
        )
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
