import Control
import Core
import Glibc

/// What a folder's files must read like, found out from the disk and not from the mesh.
///
/// Hidden entries and symbolic links are left out, as `publish` and a reader of files leave them out.
package struct SiteReference: Sendable {
    /// One file.
    package struct File: Sendable, Equatable {
        /// From the folder, parts joined by `/`.
        package let path: String
        package let size: Int
        package let digest: Digest

        package init(path: String, size: Int, digest: Digest) {
            self.path = path
            self.size = size
            self.digest = digest
        }
    }

    /// Most files; beyond it the demo would spend its time here.
    package static let filesMax = 200_000
    private static let depthMax = 64
    private static let chunkBytes = 1 << 20

    /// In the order of their paths.
    package let files: [File]

    /// - Throws: ``ControlError`` that names the first path that cannot be read or is no UTF-8.
    package init(folder: String) throws(ControlError) {
        var paths: [String] = []
        try Self.list(folder, prefix: "", depth: 0, into: &paths)
        var files: [File] = []
        var chunk = [UInt8](repeating: 0, count: Self.chunkBytes)
        for path in paths.sorted() {
            files.append(try Self.hash(folder + "/" + path, path: path, chunk: &chunk))
        }
        self.files = files
    }

    private static func list(
        _ folder: String,
        prefix: String,
        depth: Int,
        into paths: inout [String]
    ) throws(ControlError) {
        guard depth <= depthMax else {
            throw ControlError(
                .badInput,
                "\(folder) lies more than \(depthMax) folders deep; choose another --site"
            )
        }
        guard let stream = opendir(folder) else { throw unreadable(folder) }
        defer { closedir(stream) }
        while let entry = readdir(stream) {
            let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            guard bytes.first != UInt8(ascii: ".") else { continue }
            guard let name = String(validating: bytes, as: UTF8.self) else {
                throw ControlError(
                    .badInput,
                    "a name in \(folder) is no UTF-8; rename it or choose another --site"
                )
            }
            var status = stat()
            guard lstat(folder + "/" + name, &status) == 0 else { throw unreadable(folder + "/" + name) }
            switch status.st_mode & S_IFMT {
            case S_IFDIR:
                try list(folder + "/" + name, prefix: prefix + name + "/", depth: depth + 1, into: &paths)
            case S_IFREG: paths.append(prefix + name)
            default: continue
            }
            guard paths.count <= filesMax else {
                throw ControlError(
                    .badInput,
                    "\(folder) has more than \(filesMax) files; choose a smaller --site"
                )
            }
        }
    }

    private static func hash(_ file: String, path: String, chunk: inout [UInt8]) throws(ControlError)
        -> File
    {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable(file) }
        defer { close(descriptor) }
        var hasher = Hasher256()
        var size = 0
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            guard count >= 0 else { throw unreadable(file) }
            guard count > 0 else { return File(path: path, size: size, digest: hasher.finalize()) }
            hasher.update(chunk[..<count])
            size += count
        }
    }

    private static func unreadable(_ path: String) -> ControlError {
        ControlError(.badInput, "cannot read \(path): \(String(cString: strerror(errno)))")
    }
}
