import Core
import Glibc
import NIOCore

/// A file that is being written beside its place and moved there when it is whole.
final class TargetFile: Sendable {
    private let path: String
    private let temporary: String
    private let descriptor: CInt

    /// - Throws: ``NodeError`` that names the path.
    init(_ path: String) throws {
        self.path = path
        var generator = SystemRandomNumberGenerator()
        let mark = String(UInt32.random(in: .min ... .max, using: &generator), radix: 36)
        temporary = "\(path).\(mark).part"
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure("create", path) }
    }

    deinit {
        close(descriptor)
        // Gone already when it was moved into place.
        unlink(temporary)
    }

    func write(_ bytes: ByteBuffer) throws {
        try bytes.withUnsafeReadableBytes { try write($0) }
    }

    func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try write($0) }
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest)
            let count = Glibc.write(descriptor, part.baseAddress, part.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.failure("write", path) }
            rest = rest.dropFirst(count)
        }
    }

    /// Puts the file in its place.
    func finish(mode: UInt16, modified: Instant) throws {
        fchmod(descriptor, mode_t(mode))
        let seconds = modified.milliseconds.quotientAndRemainder(dividingBy: 1_000)
        let time = timespec(tv_sec: Int(seconds.quotient), tv_nsec: Int(max(seconds.remainder, 0)) * 1_000_000)
        var times = [time, time]
        _ = futimens(descriptor, &times)
        guard rename(temporary, path) == 0 else { throw Self.failure("save", path) }
    }

    private static func failure(_ verb: String, _ path: String) -> NodeError {
        let reason = errno
        let isFull = reason == ENOSPC || reason == EDQUOT
        return NodeError(isFull ? .full : .file, "cannot \(verb) \(path): \(errorText(reason))")
    }
}
