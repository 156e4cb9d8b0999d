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
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        let kind = status.st_mode & S_IFMT
        guard kind != S_IFDIR, kind != S_IFREG || path.hasPrefix("/dev/") || path.hasPrefix("/proc/") else {
            return nil
        }
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
}
