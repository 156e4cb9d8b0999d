/// The settings file: a `name = value` on each line, `#` starts a comment.
///
///     # who I am
///     operator = alice
///     jurisdiction = CH
///     join = holdfast-uvsg…
public struct SettingsFile: Sendable, Equatable {
    /// One assignment with the line it stands on, counted from 1.
    public struct Line: Sendable, Equatable {
        public let setting: Setting
        public let value: String
        public let number: Int
    }

    /// Largest file that is read, in bytes.
    public static let bytesMax = 65_536
    /// The file's name inside the data folder.
    public static let fileName = "holdfast.conf"

    public let path: String
    public let lines: [Line]

    /// - Parameter path: for messages only; nothing is read from there.
    /// - Throws: ``SettingsError`` `.invalidFile` for the first line that is no known `name = value`.
    public init(parsing text: String, path: String) throws(SettingsError) {
        guard text.utf8.count <= Self.bytesMax else {
            throw SettingsError(
                .invalidFile,
                "\(path) has \(text.utf8.count) bytes, more than the \(Self.bytesMax) of a settings file"
            )
        }
        var lines: [Line] = []
        for (index, raw) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let place = "\(path) line \(index + 1)"
            let content = Self.trimmed(raw)
            guard !content.isEmpty, !content.hasPrefix("#") else { continue }
            guard let equals = content.firstIndex(of: "=") else {
                throw SettingsError(.invalidFile, "\(place): '\(content)' is no 'name = value'")
            }
            let name = Self.trimmed(content[..<equals])
            let value = Self.trimmed(content[content.index(after: equals)...])
            guard let setting = Setting(name: name), setting != .data else {
                throw SettingsError(.invalidFile, "\(place): \(Self.unknown(String(name)))")
            }
            if !setting.repeats, let earlier = lines.first(where: { $0.setting == setting }) {
                throw SettingsError(.invalidFile, "\(place): '\(name)' is already set on line \(earlier.number)")
            }
            lines.append(Line(setting: setting, value: String(value), number: index + 1))
        }
        self.path = path
        self.lines = lines
    }

    private static func unknown(_ name: String) -> String {
        if name == Setting.data.name {
            return "'data' cannot be set in the data folder itself; use --data or \(Setting.data.variable)"
        }
        let names = Setting.allCases.filter { $0 != .data }.map(\.name).joined(separator: ", ")
        return "'\(name)' is no setting; there are \(names)"
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0.isWhitespace }
        while text.last?.isWhitespace == true { text = text.dropLast() }
        return text
    }
}
