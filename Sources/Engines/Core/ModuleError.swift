/// The error of one module: a kind for callers, a sentence for people and, where a decoder refused bytes, what it saw.
///
/// Each module names its own with a type alias: `typealias MeshError = ModuleError<MeshErrorCode>`.
public struct ModuleError<Kind: ErrorCode>: Error, Hashable, Sendable, CustomStringConvertible {
    public typealias Code = Kind

    /// The kind of failure; match on this, show `description`.
    public var code: Code
    /// What failed, what was seen and, where the user can, what to do.
    public var message: String
    /// What the decoder found wrong.
    public var cause: CoreError?

    public init(_ code: Code, _ message: String, cause: CoreError? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    public var description: String { "\(code): \(message)" + (cause.map { " (\($0))" } ?? "") }
}

extension ModuleError where Kind: DecodingErrorCode {
    /// What the decoder found wrong in `record`.
    package init(_ cause: CoreError, in record: String) {
        self.init(Kind(cause.code), "this \(record) is not valid", cause: cause)
    }
}

/// The kinds of failure of one module.
public protocol ErrorCode: Hashable, Sendable {}

/// The kinds of failure of a module that decodes records or messages.
public protocol DecodingErrorCode: ErrorCode {
    /// The kind to report for what a decoder found.
    init(_ code: CoreError.Code)
}

/// The kinds of failure of a module whose decoders tell a bad signature from anything else that is wrong.
public protocol SignedRecordErrorCode: DecodingErrorCode {
    static var badSignature: Self { get }
    static var malformed: Self { get }
}

extension SignedRecordErrorCode {
    public init(_ code: CoreError.Code) {
        self = code == .badSignature ? .badSignature : .malformed
    }
}
