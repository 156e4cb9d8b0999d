import Core

/// What was wrong with a publication, a holding or what was asked of a site.
public struct PublishingError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure; match on this, show `description`.
    public struct Code: Hashable, Sendable {
        let name: String

        /// The bytes are no such record; `cause` says why.
        public static let malformed = Code(name: "malformed")
        /// A signature does not belong to the record.
        public static let badSignature = Code(name: "badSignature")
        /// A field lies outside of what is allowed.
        public static let outOfRange = Code(name: "outOfRange")
        /// The record belongs to another mesh.
        public static let wrongMesh = Code(name: "wrongMesh")
        /// The record's lease has ended.
        public static let expired = Code(name: "expired")
        /// The signer's node or operator is not known here (yet): worth another try when more of the mesh is known.
        public static let unknownSigner = Code(name: "unknownSigner")
        /// No record of Publishing has this kind.
        public static let unknownKind = Code(name: "unknownKind")
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
        self.init(cause.code == .badSignature ? .badSignature : .malformed, "this \(record) is not valid", cause: cause)
    }

    public var description: String { "\(code.name): \(message)" + (cause.map { " (\($0))" } ?? "") }
}
