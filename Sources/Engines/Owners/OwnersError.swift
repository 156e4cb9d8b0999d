import Core

/// What was wrong with an owner's phrase, key, certificate or signed statement.
public struct OwnersError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure; match on this, show `description`.
    public struct Code: Hashable, Sendable {
        let name: String

        /// The bytes are not what they should encode.
        public static let malformed = Code(name: "malformed")
        /// A signature does not match, or the signer is not who may say this.
        public static let badSignature = Code(name: "badSignature")
        /// A value is outside of what is allowed.
        public static let outOfRange = Code(name: "outOfRange")
        /// The device was revoked.
        public static let revoked = Code(name: "revoked")
        /// A recovery phrase with a wrong word, length or checksum.
        public static let badPhrase = Code(name: "badPhrase")
        /// The record belongs to another mesh.
        public static let wrongMesh = Code(name: "wrongMesh")
        /// The record's time has ended.
        public static let expired = Code(name: "expired")
        /// The sponsor is not known here (yet): worth another try when more of the mesh is known.
        public static let unknownSigner = Code(name: "unknownSigner")
        /// No record of an owner has this kind.
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

    /// What the decoder found wrong in `record`.
    package init(_ cause: CoreError, in record: String) {
        self.init(cause.code == .badSignature ? .badSignature : .malformed, "\(record): \(cause.message)", cause: cause)
    }

    public var description: String { "\(code.name): \(message)" }
}
