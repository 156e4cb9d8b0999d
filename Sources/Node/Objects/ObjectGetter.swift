import Control
import Core
import Glibc
import NIOCore
import Namespace
import Objects

/// Brings objects back into files; what an interrupted attempt brought back already is not fetched again.
struct ObjectGetter {
    let fetch: SegmentFetch
    let work: BlockingWork
    let progress: @Sendable (OperationProgress) -> Void

    /// Writes the object or the folder `name` to `path`; what is there is overwritten, each file is whole or as it was.
    ///
    /// - Throws: ``NodeError`` `.notFound` when nothing has that name.
    func get(_ name: ObjectName, from view: NamespaceView, to path: String) async throws -> GetResult {
        let below = view.list(prefix: name.text + "/")
        if let entry = view.lookup(name), entry.content != .folder {
            guard below.isEmpty else {
                throw NodeError(
                    .usage,
                    "\"\(name)\" is an object, and \(below.count) others lie below it; "
                        + "get the object with '-o -', or those by name"
                )
            }
            var status = stat()
            guard stat(path, &status) != 0 || status.st_mode & S_IFMT != S_IFDIR else {
                throw NodeError(
                    .file,
                    "\(path) is a folder, and \"\(name)\" is a file; say how it is to be called there"
                )
            }
            let result = try await write(entry, to: path, after: GetResult(objects: 0, bytes: 0))
            let (folder, file) = PartName.split(path)
            try await work.run { LeftParts.remove(in: folder, of: file) }
            return result
        }
        guard !below.isEmpty || view.lookup(name) != nil else {
            throw NodeError(.notFound, "nothing is stored under \"\(name)\"; 'holdfast ls' shows what is")
        }
        try SmallFile.makeFolder(path)
        let record = try await work.run { FolderRecord(of: name.text, to: path) }
        var result = GetResult(objects: 0, bytes: 0)
        var missing: [NamespaceEntry] = []
        for entry in below {
            if let record, record.holds(entry, at: Self.target(of: entry, name, path)) {
                result.objects += 1
                result.bytes += Int(clamping: entry.size)
                result.bytesResumed += Int(clamping: entry.size)
            } else {
                missing.append(entry)
            }
        }
        let (entries, objects) = Self.ordered(missing)
        let cache = WindowCache(of: objects.flatMap(SegmentWindow.all), fetch: fetch)
        var batch = SmallFileBatch()
        for entry in entries {
            try Task.checkCancellation()
            let target = Self.target(of: entry, name, path)
            if let slash = target.lastIndex(of: "/") { try folder(String(target[..<slash]), above: path) }
            if let (object, window) = SmallFileBatch.window(of: entry) {
                do {
                    try batch.append(entry, at: target, object, sealed: try await cache.read(window))
                } catch {
                    // What has come is kept for the next attempt.
                    try? await flush(&batch, &result, record)
                    throw error
                }
                if batch.isFull { try await flush(&batch, &result, record) }
                continue
            }
            try await flush(&batch, &result, record)
            result = try await write(entry, to: target, after: result, cache)
            if let record { try await work.run { record.note(entry, at: target) } }
        }
        try await flush(&batch, &result, record)
        try await work.run {
            record?.remove()
            Self.clean(below.map(\.name.text), name, path)
        }
        return result
    }

    private func flush(_ batch: inout SmallFileBatch, _ result: inout GetResult, _ record: FolderRecord?) async throws {
        guard !batch.isEmpty else { return }
        let full = batch
        batch = SmallFileBatch()
        result.bytes += try await work.run { try full.write(notingIn: record) }
        result.objects += full.count
        report(result)
    }

    private func report(_ result: GetResult) {
        let resumed = result.bytesResumed > 0 ? result.bytesResumed : nil
        progress(.init(phase: "fetching", unit: .bytes, done: result.bytes, resumed: resumed))
    }

    private static func target(of entry: NamespaceEntry, _ name: ObjectName, _ path: String) -> String {
        path + "/" + entry.name.text.dropFirst(name.text.count + 1)
    }

    /// Removes what interrupted attempts left in the folder and beside it, but nothing that is stored itself.
    private static func clean(_ stored: [String], _ name: ObjectName, _ path: String) {
        var folders: Set<String> = [""]
        var kept: Set<String> = []
        for text in stored {
            let (folder, file) = PartName.split(String(text.dropFirst(name.text.count + 1)))
            folders.insert(folder)
            if PartName.isPart(file) { kept.insert(folder + file) }
        }
        for folder in folders.sorted() {
            LeftParts.remove(in: path + "/" + folder) { kept.contains(folder + $0) }
        }
        let (parent, last) = PartName.split(path)
        LeftParts.remove(in: parent, of: last)
    }

    /// What has no segments comes first, then objects as they lie in theirs.
    private static func ordered(_ entries: [NamespaceEntry]) -> ([NamespaceEntry], [SealedObject]) {
        var small: [NamespaceEntry] = []
        var large: [(entry: NamespaceEntry, object: SealedObject, segment: [UInt8], offset: UInt32)] = []
        for entry in entries {
            if case .object(let object) = entry.content, let first = object.extents.first {
                large.append((entry, object, first.segment.id.bytes, first.offset))
            } else {
                small.append(entry)
            }
        }
        large.sort { lhs, rhs in
            lhs.segment == rhs.segment
                ? lhs.offset < rhs.offset : lhs.segment.lexicographicallyPrecedes(rhs.segment)
        }
        return (small + large.map(\.entry), large.map(\.object))
    }

    /// Makes the folders between `top` and `path`; a link that lies in the way is not followed.
    private func folder(_ path: String, above top: String) throws {
        var built = top
        for part in path.dropFirst(top.count).split(separator: "/") {
            built += "/" + part
            var status = stat()
            if lstat(built, &status) == 0 {
                guard status.st_mode & S_IFMT == S_IFDIR else {
                    throw NodeError(.file, "\(built) is in the way: it is no folder")
                }
            } else if mkdir(built, 0o777) != 0 {
                throw NodeError(errno == ENOSPC ? .full : .file, "cannot create \(built): \(errorText(errno))")
            }
        }
    }

    /// - Returns: `result`, with this entry in it.
    private func write(
        _ entry: NamespaceEntry,
        to path: String,
        after result: GetResult,
        _ cache: WindowCache? = nil
    ) async throws -> GetResult {
        var result = result
        result.objects += 1
        switch entry.content {
        case .folder:
            guard mkdir(path, 0o777) == 0 || errno == EEXIST else {
                throw NodeError(.file, "cannot create \(path): \(errorText(errno))")
            }
        case .symlink(let target):
            unlink(path)
            guard symlink(target, path) == 0 else {
                throw NodeError(.file, "cannot create the link \(path): \(errorText(errno))")
            }
        case .inline(let bytes):
            let file = try TargetFile(path, identity: ObjectIdentity.digest(of: bytes), keeps: false)
            try file.write(bytes)
            try file.finish(mode: entry.mode, modified: entry.modified)
            result.bytes += bytes.count
        case .object(let object):
            try await write(object, of: entry, to: path, &result, cache)
        case .removed, .unknown:
            throw NodeError(.corrupt, "\(entry.name) was written by a newer version of Holdfast; update this node")
        }
        return result
    }

    private func write(
        _ object: SealedObject,
        of entry: NamespaceEntry,
        to path: String,
        _ result: inout GetResult,
        _ cache: WindowCache?
    ) async throws {
        let ciphers = try RecordCiphers(object)
        guard ciphers.plaintextByteCount == entry.size else {
            let stored = ciphers.plaintextByteCount
            throw NodeError(.corrupt, "\(entry.name) has \(stored) bytes, it was stored with \(entry.size)")
        }
        let file = try TargetFile(
            path,
            identity: ObjectIdentity.digest(of: object),
            keeps: entry.size >= UInt64(TargetFile.resumableBytesMin)
        )
        let first = try await work.run { try file.recover(ciphers) }
        let before = min(first * UInt64(ObjectCipher.plaintextBytesMax), entry.size)
        result.bytes += Int(clamping: before)
        result.bytesResumed += Int(clamping: before)
        var reading = try ObjectReading(object, fetch: fetch, cache: cache, from: first)
        while let records = try await reading.nextRecords() {
            try Task.checkCancellation()
            try await work.run { try file.write(records) }
            result.bytes += records.plaintext.readableBytes
            report(result)
        }
        try await work.run { try file.finish(mode: entry.mode, modified: entry.modified) }
    }
}
