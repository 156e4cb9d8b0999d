import Core
import Owners

/// What was wrong with a segment, a sealed record, a piece, a statement or a message about them.
public typealias ObjectsError = ModuleError<ObjectsErrorCode>

/// The kinds of ``ObjectsError``.
public enum ObjectsErrorCode: DecodingErrorCode {
    /// The bytes are not what they should encode.
    case malformed
    /// A signature does not match, or the signer is not who may say this.
    case badSignature
    /// A value lies outside of what is allowed.
    case outOfRange
    /// A named limit on a number of bytes or items was exceeded.
    case tooLarge
    /// The device that signed was revoked.
    case revoked
    /// Sealed bytes were changed, moved or cut, or the key is another one.
    case badSeal
    /// Something belongs to another segment, piece or mesh than it was given for.
    case mismatch

    public init(_ code: CoreError.Code) {
        self =
            switch code {
            case .badSignature: .badSignature
            case .tooLarge: .tooLarge
            default: .malformed
            }
    }
}

extension ObjectsError {
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
}
