import Glibc

/// A call of the operating system that failed.
public struct SystemCallError: Error, Hashable, Sendable, CustomStringConvertible {
    public let call: String
    /// The file it was about, empty when only a descriptor was known.
    public let path: String
    /// The value of `errno`.
    public let number: CInt

    public init(call: String, path: String = "", number: CInt) {
        self.call = call
        self.path = path
        self.number = number
    }

    /// The error of the call that just failed on this thread.
    public static func last(_ call: String, _ path: String = "") -> SystemCallError {
        SystemCallError(call: call, path: path, number: errno)
    }

    public var isDiskFull: Bool { number == ENOSPC || number == EDQUOT }
    public var isMissing: Bool { number == ENOENT }

    /// The system's words for the error number.
    public var reason: String {
        var text = [CChar](repeating: 0, count: 256)
        guard strerror_r(number, &text, text.count) == 0 else { return "error \(number)" }
        return text.withUnsafeBufferPointer {
            String(decoding: $0.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    public var description: String { path.isEmpty ? "\(call): \(reason)" : "\(call) \(path): \(reason)" }
}
