import Core

/// What was wrong with an owner's phrase, key, certificate or signed statement.
public typealias OwnersError = ModuleError<OwnersErrorCode>

/// The kinds of ``OwnersError``.
public enum OwnersErrorCode: SignedRecordErrorCode {
    /// The bytes are not what they should encode.
    case malformed
    /// A signature does not match, or the signer is not who may say this.
    case badSignature
    /// A value is outside of what is allowed.
    case outOfRange
    /// The device was revoked.
    case revoked
    /// A recovery phrase with a wrong word, length or checksum.
    case badPhrase
    /// The record belongs to another mesh.
    case wrongMesh
    /// The record's time has ended.
    case expired
    /// The sponsor is not known here (yet): worth another try when more of the mesh is known.
    case unknownSigner
    /// No record of an owner has this kind.
    case unknownKind
}
