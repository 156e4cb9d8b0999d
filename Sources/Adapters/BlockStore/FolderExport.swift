import Content
import Core
import Files
import Glibc

/// Writes a UnixFS DAG out as files, folders and symbolic links.
///
/// Everything is made new below the destination through open folders, so neither a name nor a link in the DAG can lead
/// out of it; links are written with the text that they have and never followed.
public struct FolderExport {
    /// Deepest folder that is written.
    public static let depthMax = WalkLimits.depthMax

    private let read: BlockReader
    private let progress: (ImportProgress) throws -> Void

    /// - Parameter read: gives the verified bytes of a block, or throws.
    public init(read: @escaping BlockReader, progress: @escaping (ImportProgress) throws -> Void = { _ in }) {
        self.read = read
        self.progress = progress
    }

    /// Writes the DAG under `root` to `path`, which must not exist.
    ///
    /// - Throws: ``BlockStoreError``; what was written so far stays.
    public func run(root: CID, to path: String) throws {
        var done = ImportProgress()
        let (parent, name) = Self.split(path)
        let opened = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard opened >= 0 else { throw Self.failure(SystemCallError.last("open", parent), path) }
        let folder = SourceFolder(descriptor: opened)
        try BlockStore.mapContent {
            try write(root, name: name, in: folder, path: path, depth: 0, &done)
        }
        try progress(done)
    }

    private static func split(_ path: String) -> (parent: String, name: String) {
        var trimmed = path[...]
        while trimmed.count > 1, trimmed.hasSuffix("/") { trimmed = trimmed.dropLast() }
        guard let slash = trimmed.lastIndex(of: "/") else { return (".", String(trimmed)) }
        let parent = trimmed[..<slash]
        return (parent.isEmpty ? "/" : String(parent), String(trimmed[trimmed.index(after: slash)...]))
    }

    private func write(
        _ cid: CID,
        name: String,
        in folder: SourceFolder,
        path: String,
        depth: Int,
        _ done: inout ImportProgress
    ) throws {
        try EntryName.check(name)
        guard depth <= Self.depthMax else {
            throw BlockStoreError(.tooLarge, "\(path) lies deeper than \(Self.depthMax) folders", path: path)
        }
        switch try UnixFSNode(cid: cid, bytes: read(cid)) {
        case .raw, .file: try writeFile(cid, name: name, in: folder, path: path, &done)
        case .symlink(let target):
            guard symlinkat(target, folder.descriptor, name) == 0 else {
                throw Self.failure(SystemCallError.last("symlinkat"), path)
            }
        case .directory, .shard:
            guard mkdirat(folder.descriptor, name, 0o755) == 0 else {
                throw Self.failure(SystemCallError.last("mkdirat"), path)
            }
            let below: SourceFolder
            do {
                below = try folder.openFolder(Array(name.utf8))
            } catch {
                throw Self.failure(error, path)
            }
            try DirectoryWalk.entries(of: cid, read: read) { entry in
                try write(
                    entry.cid,
                    name: entry.name,
                    in: below,
                    path: path + "/" + entry.name,
                    depth: depth + 1,
                    &done
                )
            }
        }
        done.entries += 1
        if done.entries % FolderImport.progressStep == 0 { try progress(done) }
    }

    private func writeFile(
        _ cid: CID,
        name: String,
        in folder: SourceFolder,
        path: String,
        _ done: inout ImportProgress
    ) throws {
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let descriptor = openat(folder.descriptor, name, flags, 0o644)
        guard descriptor >= 0 else { throw Self.failure(SystemCallError.last("openat"), path) }
        defer { close(descriptor) }
        try FileWalk.pieces(of: cid, read: read) { piece in
            let bytes: [UInt8]
            switch piece {
            case .inline(let inline): bytes = inline
            case .leaf(let leaf, _, let size):
                bytes = try read(leaf)
                guard UInt64(bytes.count) == size else {
                    throw BlockStoreError(
                        .badBlock,
                        "the leaf \(leaf) of \(path) has \(bytes.count) bytes, not \(size)",
                        cid: leaf,
                        path: path
                    )
                }
            }
            try Self.writeAll(bytes, to: descriptor, path)
            done.bytes += bytes.count
        }
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: CInt, _ path: String) throws {
        try bytes.withUnsafeBytes { region in
            var rest = region[...]
            while !rest.isEmpty {
                let part = UnsafeRawBufferPointer(rebasing: rest)
                let count = Glibc.write(descriptor, part.baseAddress, part.count)
                guard count >= 0 else {
                    if errno == EINTR { continue }
                    throw failure(SystemCallError.last("write"), path)
                }
                rest = rest.dropFirst(count)
            }
        }
    }

    private static func failure(_ error: SystemCallError, _ path: String) -> BlockStoreError {
        BlockStoreError(
            error.isDiskFull ? .diskFull : .ioFailed,
            "\(path) cannot be written: \(error.reason)",
            path: path,
            cause: error
        )
    }
}
