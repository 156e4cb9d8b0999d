import Control
import Glibc

/// Standard output carries results and nothing else; standard error carries everything that is said about them.
enum Terminal {
    /// Writes one item and a line end to standard output.
    ///
    /// A reader that went away has seen enough: that is no error. A full disk is one.
    static func print(_ line: String) throws(ControlError) {
        let reason = write(line + "\n", to: STDOUT_FILENO)
        guard reason != 0, reason != EPIPE else { return }
        let text = String(decoding: Array(String(cString: strerror(reason)).utf8), as: UTF8.self)
        throw ControlError(reason == ENOSPC ? .full : .failed, "cannot write to standard output: \(text)")
    }

    /// A hint, a warning or an error on standard error.
    static func complain(_ line: String) {
        _ = write(line + "\n", to: STDERR_FILENO)
    }

    /// Says how many hidden entries of a folder were left out, if any.
    static func complainAboutHidden(_ count: Int) {
        guard count > 0 else { return }
        let entries = count == 1 ? "1 hidden entry" : "\(count) hidden entries"
        complain("holdfast: \(entries) left out; --hidden takes them along")
    }

    /// Text without a line end on standard error.
    static func draw(_ text: String) {
        _ = write(text, to: STDERR_FILENO)
    }

    /// Whether a person looks at standard error.
    static var isInteractive: Bool { isatty(STDERR_FILENO) == 1 }

    /// - Returns: 0, or the error number.
    private static func write(_ text: String, to descriptor: Int32) -> Int32 {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return errno }
            rest = rest.dropFirst(count)
        }
        return 0
    }
}
