/// What was wrong with what a drill was asked for.
public struct DrillError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure; match on this, show `message`.
    public struct Code: Hashable, Sendable {
        let name: String

        /// The text of a loss is none.
        public static let malformed = Code(name: "malformed")
        /// No node of the mesh lies in what shall be lost.
        public static let unknown = Code(name: "unknown")
    }

    public var code: Code
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(code.name): \(message)" }
}
