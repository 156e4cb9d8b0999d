/// What was wrong with an identifier, an encoding, a key or a signed envelope.
public struct CoreError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure; match on this, show `description`.
    public struct Code: Hashable, Sendable {
        let name: String

        /// Bytes end before the value does.
        public static let truncated = Code(name: "truncated")
        /// The bytes are not the one allowed encoding of a value.
        public static let notCanonical = Code(name: "notCanonical")
        /// A value has the wrong type, length or range.
        public static let invalid = Code(name: "invalid")
        /// A named limit was exceeded.
        public static let tooLarge = Code(name: "tooLarge")
        /// A required field of a record is absent.
        public static let missingField = Code(name: "missingField")
        /// A signature does not belong to these bytes, this key and this domain.
        public static let badSignature = Code(name: "badSignature")
    }

    public var code: Code
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(code.name): \(message)" }
}
