import Core
import Owners

/// What was wrong with a segment, a sealed record, a piece, a statement or a message about them.
public struct ObjectsError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure; match on this, show `description`.
    public struct Code: Hashable, Sendable {
        let name: String

        /// The bytes are not what they should encode.
        public static let malformed = Code(name: "malformed")
        /// A signature does not match, or the signer is not who may say this.
        public static let badSignature = Code(name: "badSignature")
        /// A value lies outside of what is allowed.
        public static let outOfRange = Code(name: "outOfRange")
        /// A named limit on a number of bytes or items was exceeded.
        public static let tooLarge = Code(name: "tooLarge")
        /// The device that signed was revoked.
        public static let revoked = Code(name: "revoked")
        /// Sealed bytes were changed, moved or cut, or the key is another one.
        public static let badSeal = Code(name: "badSeal")
        /// Something belongs to another segment, piece or mesh than it was given for.
        public static let mismatch = Code(name: "mismatch")
    }

    public var code: Code
    public var message: String
    public var cause: CoreError?

    public init(_ code: Code, _ message: String, cause: CoreError? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// What the decoder found wrong in `record`.
    package init(_ cause: CoreError, in record: String) {
        let code: Code =
            switch cause.code {
            case .badSignature: .badSignature
            case .tooLarge: .tooLarge
            default: .malformed
            }
        self.init(code, "this \(record) is not valid", cause: cause)
    }

    /// What was wrong with the device's statement that carries `record`.
    package init(_ cause: OwnersError, in record: String) {
        let code: Code =
            switch cause.code {
            case .badSignature: .badSignature
            case .outOfRange: .outOfRange
            case .revoked: .revoked
            default: .malformed
            }
        self.init(code, "this \(record) is not valid: \(cause.message)", cause: cause.cause)
    }

    public var description: String { "\(code.name): \(message)" + (cause.map { " (\($0))" } ?? "") }
}
