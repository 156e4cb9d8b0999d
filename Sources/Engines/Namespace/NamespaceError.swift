import Core
import Owners

/// What was wrong with a name, an entry, a part or a root of a namespace.
public struct NamespaceError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure; match on this, show `description`.
    public struct Code: Hashable, Sendable {
        let name: String

        /// The bytes are not what they should encode.
        public static let malformed = Code(name: "malformed")
        /// A text is not a name of an object.
        public static let badName = Code(name: "badName")
        /// A value is outside of what is allowed.
        public static let outOfRange = Code(name: "outOfRange")
        /// Bytes were sealed under another key, or changed since.
        public static let cannotOpen = Code(name: "cannotOpen")
        /// A root could not be signed; the message says why.
        public static let notSigned = Code(name: "notSigned")
    }

    public var code: Code
    public var message: String
    public var cause: CoreError?

    public init(_ code: Code, _ message: String, cause: CoreError? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    public var description: String { "\(code.name): \(message)" + (cause.map { " (\($0))" } ?? "") }
}
