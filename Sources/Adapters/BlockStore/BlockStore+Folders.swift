import Core
import Glibc

extension BlockStore {
    /// Imports a file or folder and pins its root for `owner`, all or nothing.
    ///
    /// What did not change since an earlier import of the same path is not read again.
    ///
    /// - Parameter progress: told now and then; what it throws ends the import.
    /// - Throws: ``BlockStoreError``; nothing is stored then.
    public func importFolder(
        _ path: String,
        options: ImportOptions = ImportOptions(),
        owner: String,
        at now: Instant,
        progress: @escaping (ImportProgress) throws -> Void = { _ in }
    ) throws -> ImportReport {
        let session = try beginImport(.pinned, at: now)
        do {
            let realPath = Self.realPath(path)
            let memory = try realPath.flatMap { try recall($0, session) }
            let folder = FolderImport(path: path, options: options, progress: progress)
            var (report, seen) = try folder.run(into: SessionSink(session), recalling: memory, at: now)
            let update = realPath.map { path in
                ImportMemory.Update(
                    memory: ImportMemory(
                        path: path,
                        time: now,
                        root: report.root,
                        entries: seen.bytes,
                        cuts: seen.cuts
                    ),
                    replaced: memory
                )
            }
            report.stored = try session.commit(
                pins: [Pin(root: report.root, owner: owner)],
                at: now,
                memory: update
            )
            return report
        } catch {
            session.abort()
            throw error
        }
    }

    private static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// What is known of `path`, without the files whose DAG is not whole here any more; the others stay while the
    /// session lasts.
    private func recall(_ path: String, _ session: ImportSession) throws -> ImportMemory? {
        guard var memory = try readTogether({ try ImportMemory.load(path, $0) }), !memory.bytes.isEmpty else {
            return nil
        }
        // With what the import came to, all its files are here.
        guard try session.presence(of: [memory.root]).whole.isEmpty else { return memory }
        var cursor = ImportMemoryCursor(memory)
        let keys = cursor.cids().map { $0.flatMap { BlockKey($0) } }
        var areWhole = try session.rely(onWhole: keys.compactMap { $0 }).makeIterator()
        memory.usable = keys.map { $0 != nil && areWhole.next() == true }
        return memory
    }
}

extension ImportMemory {
    /// A memory and the one that it replaces.
    struct Update: Sendable {
        let memory: ImportMemory
        let replaced: ImportMemory?
    }
}

/// Computes the root of a file or folder; stores nothing.
///
/// - Parameter progress: told now and then; what it throws ends it.
/// - Throws: ``BlockStoreError`` as an import would.
public func rootOfFolder(
    _ path: String,
    options: ImportOptions = ImportOptions(),
    progress: @escaping (ImportProgress) throws -> Void = { _ in }
) throws -> ImportReport {
    try FolderImport(path: path, options: options, progress: progress).run(into: DiscardingSink())
}
