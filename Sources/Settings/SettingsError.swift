/// What is wrong with a setting, where it came from, and what to write instead.
public struct SettingsError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure; match on this, show `description`.
    public struct Code: Hashable, Sendable {
        let name: String

        /// A value cannot be read as what the setting needs.
        public static let invalidValue = Code(name: "invalidValue")
        /// A line of the file is no `name = value`, or names no setting.
        public static let invalidFile = Code(name: "invalidFile")
        /// The values make no sense together.
        public static let conflict = Code(name: "conflict")
    }

    public var code: Code
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
