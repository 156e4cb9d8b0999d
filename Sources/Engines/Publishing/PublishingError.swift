import Core

/// What was wrong with a publication, a holding or what was asked of a site.
public typealias PublishingError = ModuleError<PublishingErrorCode>

/// The kinds of ``PublishingError``.
public enum PublishingErrorCode: SignedRecordErrorCode {
    /// The bytes are no such record; `cause` says why.
    case malformed
    /// A signature does not belong to the record.
    case badSignature
    /// A field lies outside of what is allowed.
    case outOfRange
    /// The record belongs to another mesh.
    case wrongMesh
    /// The record's lease has ended.
    case expired
    /// The signer's node or operator is not known here (yet): worth another try when more of the mesh is known.
    case unknownSigner
    /// No record of Publishing has this kind.
    case unknownKind
}
