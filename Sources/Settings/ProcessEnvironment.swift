import Glibc

/// The environment of this process, for others that it starts.
package enum ProcessEnvironment {
    /// `NAME=value`, without the names that begin with `prefix`.
    package static func entries(without prefix: String) -> [String] {
        var result: [String] = []
        var entry = environ
        while let text = entry.pointee {
            let pair = String(cString: text)
            if !pair.hasPrefix(prefix) { result.append(pair) }
            entry += 1
        }
        return result
    }
}
