import Control
import Core
import Glibc
import NIOCore
import Namespace
import Objects

/// Brings objects back into files.
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
                    "\"\(name)\" is an object, and \(below.count) others lie below it; get the object with '-o -', or those by name"
                )
            }
            let count = try await write(entry, to: path, done: 0)
            return GetResult(objects: 1, bytes: count)
        }
        guard !below.isEmpty || view.lookup(name) != nil else {
            throw NodeError(.notFound, "nothing is stored under \"\(name)\"; 'holdfast ls' shows what is")
        }
        try SmallFile.makeFolder(path)
        var result = GetResult(objects: 0, bytes: 0)
        let (entries, objects) = Self.ordered(below)
        let cache = WindowCache(of: objects.flatMap(SegmentWindow.all), fetch: fetch)
        for entry in entries {
            try Task.checkCancellation()
            let target = path + "/" + entry.name.text.dropFirst(name.text.count + 1)
            if let slash = target.lastIndex(of: "/") { try folder(String(target[..<slash]), above: path) }
            result.bytes += try await write(entry, to: target, done: result.bytes, cache)
            result.objects += 1
        }
        return result
    }

    /// What has no segments comes first, then objects as they lie in theirs.
    private static func ordered(_ entries: ArraySlice<NamespaceEntry>) -> ([NamespaceEntry], [SealedObject]) {
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

    private func write(
        _ entry: NamespaceEntry,
        to path: String,
        done: Int,
        _ cache: WindowCache? = nil
    ) async throws -> Int {
        switch entry.content {
        case .folder:
            guard mkdir(path, 0o777) == 0 || errno == EEXIST else {
                throw NodeError(.file, "cannot create \(path): \(errorText(errno))")
            }
            return 0
        case .symlink(let target):
            unlink(path)
            guard symlink(target, path) == 0 else {
                throw NodeError(.file, "cannot create the link \(path): \(errorText(errno))")
            }
            return 0
        case .inline(let bytes):
            let file = try TargetFile(path)
            try file.write(bytes)
            try file.finish(mode: entry.mode, modified: entry.modified)
            return bytes.count
        case .object(let object):
            let file = try TargetFile(path)
            var reading = try ObjectReading(object, fetch: fetch, cache: cache)
            var count = 0
            while let chunk = try await reading.next() {
                try Task.checkCancellation()
                try await work.run { try file.write(chunk) }
                count += chunk.readableBytes
                progress(.init(phase: "fetching", unit: .bytes, done: done + count))
            }
            guard count == Int(clamping: entry.size) else {
                throw NodeError(.corrupt, "\(entry.name) has \(count) bytes, it was stored with \(entry.size)")
            }
            try file.finish(mode: entry.mode, modified: entry.modified)
            return count
        case .removed, .unknown:
            throw NodeError(.corrupt, "\(entry.name) was written by a newer version of Holdfast; update this node")
        }
    }
}
