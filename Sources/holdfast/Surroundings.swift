import Control
import Glibc

/// What the process was started with, apart from its arguments.
enum Surroundings {
    static var environment: [String: String] {
        var result: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let pair = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { result[String(pair[0])] = String(pair[1]) }
            entry += 1
        }
        return result
    }

    static var workingFolder: String {
        guard let path = getcwd(nil, 0) else { return "/" }
        defer { free(path) }
        return String(cString: path)
    }

    /// What this machine calls itself, up to the first dot.
    static var hostName: String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "device" }
        let name = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return name.split(separator: ".").first.map(String.init) ?? "device"
    }

    /// The absolute path of something that exists, symbolic links resolved.
    static func existing(_ path: String) throws(ControlError) -> String {
        guard let resolved = realpath(path, nil) else {
            let reason = errno
            let text = String(cString: strerror(reason))
            throw ControlError(reason == ENOENT ? .notFound : .badInput, "cannot open \(path): \(text)")
        }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// The absolute path of a file that may not be there yet.
    static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : workingFolder + "/" + path
    }

    /// The whole text of a file; `nil` when there is none.
    static func text(of path: String, bytesMax: Int) throws(ControlError) -> String? {
        guard let file = fopen(path, "re") else {
            if errno == ENOENT || errno == ENOTDIR { return nil }
            throw ControlError(.usage, "cannot read \(path): \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        // One byte more than allowed shows that a file is too large.
        var bytes = [UInt8](repeating: 0, count: bytesMax + 1)
        let count = fread(&bytes, 1, bytes.count, file)
        guard ferror(file) == 0 else { throw ControlError(.usage, "cannot read \(path)") }
        guard let text = String(validating: bytes.prefix(count), as: UTF8.self) else {
            throw ControlError(.usage, "\(path) is no UTF-8 text")
        }
        return text
    }
}
