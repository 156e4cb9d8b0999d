import Core

/// What was wrong with a record or a message of the mesh, or with an invitation.
public struct MeshError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure; match on this, show `description`.
    public struct Code: Hashable, Sendable {
        public let name: String

        /// The bytes are no such record or message; `cause` says why.
        public static let malformed = Code(name: "malformed")
        /// A signature does not belong to the record.
        public static let forged = Code(name: "forged")
        /// A named limit was exceeded.
        public static let tooLarge = Code(name: "tooLarge")
        /// The record belongs to another mesh.
        public static let wrongMesh = Code(name: "wrongMesh")
        /// The operator behind the record is not admitted (yet).
        public static let notAdmitted = Code(name: "notAdmitted")
        /// The invitation was used up, has expired or lacks the issuer's countersignature.
        public static let invitationVoid = Code(name: "invitationVoid")
        /// The record is past its end, or dated from a future that no clock skew explains.
        public static let outOfTime = Code(name: "outOfTime")
        /// A sponsor's quota or the total is used up.
        public static let overQuota = Code(name: "overQuota")
        /// Somebody whose record is not known here signed it; it may pass later.
        public static let unknownSigner = Code(name: "unknownSigner")
    }

    public var code: Code
    public var message: String
    public var cause: CoreError?

    public init(_ code: Code, _ message: String, cause: CoreError? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    init(_ cause: CoreError, in record: String) {
        let code: Code =
            switch cause.code {
            case .badSignature: .forged
            case .tooLarge: .tooLarge
            default: .malformed
            }
        self.init(code, "this \(record) is not valid", cause: cause)
    }

    public var description: String { "\(code.name): \(message)" + (cause.map { " (\($0))" } ?? "") }
}

/// Runs `body` and says in which record a ``CoreError`` happened.
func reading<Value>(_ record: String, _ body: () throws(CoreError) -> Value) throws(MeshError) -> Value {
    do { return try body() } catch { throw MeshError(error, in: record) }
}
