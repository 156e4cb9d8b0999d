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

    /// Writes, syncs and renames into place.
    package static func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o600) throws(NodeError) {
        let temporary = "\(path).\(getpid()).new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw failure("create", temporary) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let error = failure("write", temporary)
                close(descriptor)
                unlink(temporary)
                throw error
            }
            rest = rest.dropFirst(count)
        }
        guard fsync(descriptor) == 0, close(descriptor) == 0, rename(temporary, path) == 0 else {
            let error = failure("save", path)
            unlink(temporary)
            throw error
        }
    }

    package static func makeFolder(_ path: String) throws(NodeError) {
        var built = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            built += "/" + part
            guard mkdir(built, 0o700) == 0 || errno == EEXIST else { throw failure("create", built) }
        }
    }

    private static func failure(_ verb: String, _ path: String) -> NodeError {
        let reason = errno
        return NodeError(
            reason == ENOSPC || reason == EDQUOT ? .full : .file,
            "cannot \(verb) \(path): \(errorText(reason))"
        )
    }
}

/// What the system says about an error number.
func errorText(_ number: Int32) -> String {
    SystemCallError(call: "", number: number).reason
}
