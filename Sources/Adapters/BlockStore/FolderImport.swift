import Content
import Core
import Files
import Glibc

/// Makes a UnixFS DAG of a file or folder on this machine.
///
/// Entries are taken in the order of their names' bytes. Symbolic links below `path` are kept as links and never
/// followed; `path` itself is, since the user named it. Each file is read once and hashed once.
public struct FolderImport {
    /// Deepest folder below the imported one.
    public static let depthMax = WalkLimits.depthMax
    /// Most entries that are listed as skipped; more end the import.
    public static let skippedMax = 10_000
    /// Progress is told after so many entries or leaves.
    static let progressStep = 64

    private let path: String
    private let options: ImportOptions
    private let progress: (ImportProgress) throws -> Void

    /// - Parameter progress: told now and then; what it throws ends the import.
    public init(
        path: String,
        options: ImportOptions = ImportOptions(),
        progress: @escaping (ImportProgress) throws -> Void = { _ in }
    ) {
        self.path = path
        self.options = options
        self.progress = progress
    }

    /// Imports into `sink`.
    ///
    /// - Throws: ``BlockStoreError`` `.notFound`, `.unsupportedEntry`, `.changedWhileReading` or `.tooLarge`, each with
    ///   the path; and what the sink and the progress throw.
    public func run(into sink: some BlockSink) throws -> ImportReport {
        try run(into: sink, recalling: nil, at: Instant(milliseconds: 0)).report
    }

    /// Imports into `sink` what changed since an earlier import of the same path.
    ///
    /// - Parameters:
    ///   - memory: What that import saw and whose blocks are stored.
    ///   - now: When this import begins.
    /// - Returns: Also the entries of the next memory.
    func run(
        into sink: some BlockSink,
        recalling memory: ImportMemory?,
        at now: Instant
    ) throws -> (report: ImportReport, seen: ImportMemoryWriter) {
        let walk = FolderImportWalk(
            sink: sink,
            options: options,
            known: memory.map { ImportMemoryCursor($0) },
            seen: ImportMemoryWriter(now: now),
            progress: progress
        )
        let opened = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard opened >= 0 else {
            let error = SystemCallError.last("open", path)
            let reason = error.isMissing ? "there is no file or folder" : "cannot be read: \(error.reason)"
            throw BlockStoreError(
                error.isMissing ? .notFound : .unsupportedEntry,
                "\(reason): \(path)",
                path: path,
                cause: error
            )
        }
        var status = Glibc.stat()
        guard fstat(opened, &status) == 0 else {
            let error = SystemCallError.last("fstat", path)
            close(opened)
            throw BlockStoreError(.ioFailed, "\(path) cannot be looked at", path: path, cause: error)
        }
        let node: FolderImportWalk.Node
        switch SourceFolder.kind(ofMode: status.st_mode) {
        case .folder: node = try walk.folder(SourceFolder(descriptor: opened), path: "", depth: 0)
        case .file: node = try walk.file(SourceFile(descriptor: opened), path: "")
        case .symlink, .other:
            close(opened)
            throw BlockStoreError(.unsupportedEntry, "\(path) is neither a file nor a folder", path: path)
        }
        try progress(walk.progressNow)
        var report = walk.report(root: node.cid)
        report.dagBytes = node.tsize
        return (report, walk.seen)
    }
}
