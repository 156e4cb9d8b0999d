import Control
import Glibc

/// A device, a pipe, or whatever else is written to and cannot be replaced by a file.
package enum SpecialFile {
    /// How often it is looked whether somebody reads the pipe.
    private static let readerPeriod = Duration.milliseconds(100)

    /// Opens what `path` names if it is one of these; waits until somebody reads a pipe.
    ///
    /// - Returns: A descriptor for the caller to close; `nil` for an ordinary file, a folder, or nothing.
    /// - Throws: ``ControlError`` `.badInput` when it cannot be written to, `CancellationError`.
    package static func open(_ path: String) async throws -> Int32? {
        // Opened anew, a file behind it would be written from its start.
        if let own = descriptor(named: path) { return fcntl(own, F_DUPFD_CLOEXEC, 3) }
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        let kind = status.st_mode & S_IFMT
        guard kind != S_IFDIR, kind != S_IFREG else { return nil }
        while true {
            let descriptor = Glibc.open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK)
            if descriptor >= 0 {
                _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) & ~O_NONBLOCK)
                return descriptor
            }
            guard errno == EINTR || errno == ENXIO && kind == S_IFIFO else {
                throw ControlError(.badInput, "cannot write to \(path): \(String(cString: strerror(errno)))")
            }
            try await Task.sleep(for: readerPeriod)
        }
    }

    /// The descriptor of this process that a path stands for.
    private static func descriptor(named path: String) -> Int32? {
        switch path {
        case "/dev/stdout": return STDOUT_FILENO
        case "/dev/stderr": return STDERR_FILENO
        default:
            let folder = ["/dev/fd/", "/proc/self/fd/"].first { path.hasPrefix($0) }
            guard let folder, let number = Int32(path.dropFirst(folder.count)), fcntl(number, F_GETFD) >= 0 else {
                return nil
            }
            return number
        }
    }
}
