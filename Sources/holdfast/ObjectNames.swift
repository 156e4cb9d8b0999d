import Control

/// What objects are called on the command line.
package enum ObjectNames {
    /// Standard input as a path, and standard output as a target.
    package static let standardStream = "-"
    /// Longest name, in bytes of UTF-8.
    static let nameBytesMax = 4_096

    /// The name of each path: its own last part, or what `--name` makes of it.
    ///
    /// - Parameters:
    ///   - paths: as typed, and resolved.
    ///   - name: one path gets it whole, several are put under it, as is one when it ends with a slash.
    /// - Throws: ``ControlError`` when a name cannot be, or two paths would get the same.
    package static func names(
        of paths: [(typed: String, resolved: String)],
        name: String?
    ) throws(ControlError) -> [String] {
        var names: [String] = []
        for path in paths {
            let own = SiteLabel.label(typed: path.typed, resolved: path.resolved)
            switch name {
            case nil: names.append(try checked(own))
            case let name? where paths.count > 1 || name.hasSuffix("/"):
                names.append(try checked(trimmed(name) + "/" + own))
            case let name?: names.append(try checked(name))
            }
        }
        var seen: [String: String] = [:]
        for (path, name) in zip(paths, names) {
            if let other = seen.updateValue(path.typed, forKey: name) {
                throw ControlError(.usage, "\(other) and \(path.typed) would both be stored as '\(name)'; use --name")
            }
        }
        return names
    }

    /// A name that objects can have; a slash at its end is dropped.
    package static func checked(_ name: String) throws(ControlError) -> String {
        let name = trimmed(name)
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." }), !name.utf8.contains(0) else {
            throw ControlError(.usage, "'\(name)' is no name; names are like photos/2024/a.jpg")
        }
        guard name.utf8.count <= nameBytesMax else {
            throw ControlError(.usage, "a name has at most \(nameBytesMax) bytes")
        }
        return name
    }

    /// The last part of a name: what `get` calls the file here.
    package static func last(of name: String) -> String {
        name.split(separator: "/").last.map(String.init) ?? name
    }

    /// A name on one line of a terminal: control characters are replaced. `--json` has them exactly.
    package static func printable(_ name: String) -> String {
        String(
            String.UnicodeScalarView(
                name.unicodeScalars.map { scalar in
                    scalar.properties.generalCategory == .control ? "\u{FFFD}" : scalar
                }
            )
        )
    }

    private static func trimmed(_ name: String) -> String {
        var name = name[...]
        while name.count > 1, name.hasSuffix("/") { name = name.dropLast() }
        return String(name)
    }
}
