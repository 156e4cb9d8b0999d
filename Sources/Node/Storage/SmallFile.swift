import Files
import Glibc

/// Whole small files: read with a limit, written so that a crash leaves the old or the new bytes and nothing between.
package enum SmallFile {
    /// Largest file that is read, in bytes.
    package static let bytesMax = 1 << 20

    /// - Returns: the bytes, or `nil` when there is no such file.
    package static func read(_ path: String) throws(NodeError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw failure("open", path)
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("read", path) }
            guard count > 0 else { return bytes }
            bytes += chunk.prefix(count)
            guard bytes.count <= bytesMax else { throw NodeError(.file, "\(path) is larger than \(bytesMax) bytes") }
        }
    }

    /// Writes, syncs and renames into place, readable by this user alone; on stable storage when this returns.
    ///
    /// - Throws: ``NodeError`` `.full` or `.file`; then the file is as it was, or whole.
    package static func write(
        _ bytes: [UInt8],
        to path: String,
        through files: any FileSystem = SystemFileSystem()
    ) throws(NodeError) {
        let temporary = "\(path).\(getpid()).new"
        // Of a process that was killed and had the same number.
        unlink(temporary)
        do {
            let descriptor = try files.open(temporary, .create)
            do {
                defer { files.close(descriptor) }
                try files.writeAll(bytes, to: descriptor, at: 0)
                try files.synchronize(descriptor)
            }
            try files.rename(temporary, to: path)
            // Without this a power loss may bring the old file back.
            try files.synchronizeFolder(folder(of: path))
        } catch {
            unlink(temporary)
            throw failure("save", path, error.number)
        }
    }

    private static func folder(of path: String) -> String {
        guard let end = path.lastIndex(of: "/") else { return "." }
        return end == path.startIndex ? "/" : String(path[..<end])
    }

    package static func makeFolder(_ path: String) throws(NodeError) {
        var built = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            built += "/" + part
            guard mkdir(built, 0o700) == 0 else {
                guard errno == EEXIST else { throw failure("create", built) }
                continue
            }
            do { try SystemFileSystem().synchronizeFolder(folder(of: built)) } catch {
                throw failure("create", built, error.number)
            }
        }
    }

    private static func failure(_ verb: String, _ path: String, _ reason: Int32 = errno) -> NodeError {
        NodeError(
            reason == ENOSPC || reason == EDQUOT ? .full : .file,
            "cannot \(verb) \(path): \(errorText(reason))"
        )
    }
}

/// What the system says about an error number.
func errorText(_ number: Int32) -> String {
    SystemCallError(call: "", number: number).reason
}
