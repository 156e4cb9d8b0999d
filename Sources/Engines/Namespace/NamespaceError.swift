import Core

/// What was wrong with a name, an entry, a part or a root of a namespace.
public typealias NamespaceError = ModuleError<NamespaceErrorCode>

/// The kinds of ``NamespaceError``.
public enum NamespaceErrorCode: ErrorCode {
    /// The bytes are not what they should encode.
    case malformed
    /// A text is not a name of an object.
    case badName
    /// A value is outside of what is allowed.
    case outOfRange
    /// Bytes were sealed under another key, or changed since.
    case cannotOpen
    /// A root could not be signed; the message says why.
    case notSigned
}
