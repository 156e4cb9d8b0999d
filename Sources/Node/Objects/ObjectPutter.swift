import Control
import Core
import Glibc
import NIOCore
import Namespace
import Objects

/// Stores files, folders and streams under names of the owner.
struct ObjectPutter {
    /// Names that one put writes at most.
    static let entriesMax = 4_000_000

    let owner: OwnerIdentity
    let names: NamespaceService
    let segments: SegmentServices
    /// What is stored already.
    let existing: NamespaceView
    let work: BlockingWork
    let leaseEnd: Instant
    let batch: SegmentJournal.Batch
    /// What an earlier attempt left stored.
    let resumption: SegmentResumption
    let progress: @Sendable (OperationProgress) -> Void

    /// What was stored.
    struct Outcome: Sendable {
        var objects = 0
        var bytes = 0
        var segments: [StoredSegment] = []
        var skipped: [String] = []
        /// Of the bytes, those that an earlier attempt had stored.
        var bytesResumed = 0
        /// Until when all of it is kept.
        let leaseEnd: Instant
    }

    private struct Pending {
        let entry: PutSource.Entry
        let size: Int
        let content: Content
    }

    private enum Content {
        case ready(NamespaceEntry.Content)
        case packed(ObjectPacker.Packed)
    }

    // MARK: - Files and folders

    func put(_ paths: [PutRequest.Path], includesHidden: Bool, skipsUnreadable: Bool) async throws -> Outcome {
        let packer = packer()
        var source = PutSource(includesHidden: includesHidden, skipsUnreadable: skipsUnreadable)
        var pending: [Pending] = []
        var bytes = 0
        let buffer = ReadBuffer()
        for path in paths {
            try await source.walk(path.path, as: path.name) { entry in
                do {
                    guard pending.count < Self.entriesMax else {
                        throw NodeError(.badInput, "more than \(Self.entriesMax) files at once; store them in parts")
                    }
                    try check(entry.name, isFolder: entry.isEmptyFolder)
                } catch {
                    entry.close()
                    throw error
                }
                let (content, size) = try await pack(entry, packer, buffer) { count in
                    bytes += count
                    report(bytes)
                }
                pending.append(Pending(entry: entry, size: size, content: content))
            }
        }
        let stored = try await packer.close()
        report(bytes)
        let end = end(of: stored)
        let writes = try pending.map { try write($0, in: stored, leaseEnd: end) }
        try await names.write(writes, owner: owner, leaseEnd: leaseEnd, batch: batch)
        return Outcome(
            objects: writes.count,
            bytes: bytes,
            segments: stored,
            skipped: source.skipped,
            bytesResumed: resumption.resumedByteCount,
            leaseEnd: end
        )
    }

    private func packer() -> ObjectPacker {
        ObjectPacker(
            storing: segments.storing,
            owner: owner,
            leaseEnd: leaseEnd,
            batch: batch,
            resumption: resumption
        )
    }

    private func report(_ bytes: Int) {
        let resumed = resumption.resumedByteCount
        progress(.init(phase: "storing", unit: .bytes, done: bytes, resumed: resumed > 0 ? resumed : nil))
    }

    /// Until when all of `stored` is kept: what was taken over was promised for a little less.
    private func end(of stored: [StoredSegment]) -> Instant {
        stored.map(\.record.leaseEnd).reduce(leaseEnd) { min($0, $1) }
    }

    /// - Throws: ``NodeError`` `.badInput` where the name would make an object of a folder, or a folder of an object.
    private func check(_ name: ObjectName, isFolder: Bool) throws {
        switch existing.obstacle(to: name, isFolder: isFolder) {
        case nil: return
        case .object(let object):
            throw NodeError(
                .badInput,
                "\"\(name)\" cannot be stored: \"\(object)\" is an object and no folder; remove it, or use --name"
            )
        case .folder(_, let count):
            throw NodeError(
                .badInput,
                "\"\(name)\" cannot be stored: it is a folder with \(count) objects; remove it with 'rm -r', or use --name"
            )
        }
    }

    private func pack(
        _ entry: PutSource.Entry,
        _ packer: ObjectPacker,
        _ buffer: ReadBuffer,
        _ advanced: (Int) -> Void
    ) async throws -> (Content, Int) {
        switch entry.kind {
        case .symlink(let target): return (.ready(.symlink(target: target)), 0)
        case .emptyFolder: return (.ready(.folder), 0)
        case .file(let descriptor, let size):
            defer { close(descriptor) }
            let path = entry.path
            var count = try await work.run { try buffer.fill(from: descriptor, path) }
            guard count > NamespaceEntry.inlineBytesMax || size > NamespaceEntry.inlineBytesMax else {
                advanced(count)
                return (.ready(.inline(Array(buffer.memory[..<count]))), count)
            }
            packer.begin()
            var total = 0
            while count > 0 {
                try Task.checkCancellation()
                try await packer.write(UnsafeRawBufferPointer(rebasing: buffer.memory[..<count]))
                total += count
                advanced(count)
                guard count == buffer.memory.count else { break }
                count = try await work.run { try buffer.fill(from: descriptor, path) }
            }
            guard total == size else {
                throw NodeError(.badInput, "\(path) changed while it was read; try again when nothing writes to it")
            }
            return (.packed(try await packer.finish()), total)
        }
    }

    private func write(
        _ pending: Pending,
        in stored: [StoredSegment],
        leaseEnd: Instant
    ) throws -> NamespaceService.Write {
        let content: NamespaceEntry.Content =
            switch pending.content {
            case .ready(let content): content
            case .packed(let packed): .object(try ObjectPacker.sealed(packed, in: stored))
            }
        return NamespaceService.Write(
            name: pending.entry.name,
            content: content,
            size: UInt64(pending.size),
            mode: pending.entry.mode,
            modified: pending.entry.modified,
            leaseEnd: leaseEnd
        )
    }

    // MARK: - Streams

    /// Stores a stream of unknown length under one name.
    func put(_ content: any AsyncSequence<ByteBuffer, any Error> & Sendable, as name: String) async throws -> Outcome {
        let name = try ObjectName(name)
        try check(name, isFolder: false)
        let packer = packer()
        var head: [UInt8]? = []
        var bytes = 0
        packer.begin()
        for try await chunk in content {
            bytes += chunk.readableBytes
            if let small = head {
                head = small + chunk.readableBytesView
                if let grown = head, grown.count > NamespaceEntry.inlineBytesMax {
                    try await packer.write(grown)
                    head = nil
                }
            } else {
                try await packer.write(Array(chunk.readableBytesView))
            }
            report(bytes)
        }
        var stored: [StoredSegment] = []
        let object: NamespaceEntry.Content
        if let head {
            object = .inline(head)
        } else {
            let packed = try await packer.finish()
            stored = try await packer.close()
            object = .object(try ObjectPacker.sealed(packed, in: stored))
        }
        report(bytes)
        let end = end(of: stored)
        let write = NamespaceService.Write(
            name: name,
            content: object,
            size: UInt64(bytes),
            mode: 0o644,
            modified: names.mesh.meshNow,
            leaseEnd: end
        )
        try await names.write([write], owner: owner, leaseEnd: leaseEnd, batch: batch)
        return Outcome(
            objects: 1,
            bytes: bytes,
            segments: stored,
            bytesResumed: resumption.resumedByteCount,
            leaseEnd: end
        )
    }
}
