import Core

/// What was wrong with a request between nodes, or why one was refused.
public struct ExchangeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure; match on this, show `description`.
    public struct Code: Hashable, Sendable {
        let name: String

        /// The bytes are not a request of this kind.
        public static let malformed = Code(name: "malformed")
        /// A named limit was exceeded.
        public static let tooLarge = Code(name: "tooLarge")
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
