/// Where a value came from; earlier cases win over later ones.
public enum SettingOrigin: Hashable, Sendable, CustomStringConvertible {
    /// Given as this flag on the command line.
    case flag(String)
    /// Given by this environment variable.
    case environment(String)
    /// Given in this file, on this line (counted from 1).
    case file(String, line: Int)
    /// Nobody gave it.
    case defaultValue

    public var description: String {
        switch self {
        case .flag(let name): name
        case .environment(let variable): "environment \(variable)"
        case .file(let path, let line): "\(path) line \(line)"
        case .defaultValue: "default"
        }
    }
}

/// Settings after flags, environment, file and defaults were laid over each other.
public struct ResolvedSettings: Sendable, Equatable {
    /// One setting as `config show` prints it.
    public struct Entry: Sendable, Equatable {
        public let setting: Setting
        /// As written by whoever gave it; several in order.
        public let values: [String]
        public let origin: SettingOrigin

        /// For people and logs: secrets are cut to their first characters.
        public var shown: String {
            values.map { setting.isSecret && $0.count > 16 ? "\($0.prefix(12))…" : $0 }.joined(separator: " ")
        }
    }

    public let configuration: NodeConfiguration
    /// In the order of ``Setting``.
    public let entries: [Entry]
    /// What was given but has no effect, one sentence each.
    public let warnings: [String]
}
