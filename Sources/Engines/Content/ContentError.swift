import Core

/// Why content bytes were refused or could not be read.
public typealias ContentError = ModuleError<ContentErrorCode>

/// The kinds of ``ContentError``.
public enum ContentErrorCode: ErrorCode {
    /// The bytes are no valid encoding of what they should be.
    case malformed
    /// Over a limit; the message names the limit.
    case tooLarge
    /// A block's bytes do not hash to its CID.
    case wrongHash
    /// A signature does not belong to these bytes and this name.
    case badSignature
    /// The path names nothing.
    case notFound
    /// Valid, but of a kind, codec or version that is not handled.
    case unsupported
    /// The bytes end before what they announce.
    case incomplete
    /// A name that no directory entry may have.
    case invalidName
    /// Two entries of one directory have the same name.
    case duplicateName
}
