import Core

/// What was wrong with a record or a message of the mesh, or with an invitation.
public typealias MeshError = ModuleError<MeshErrorCode>

/// The kinds of ``MeshError``.
public enum MeshErrorCode: DecodingErrorCode {
    /// The bytes are no such record or message; `cause` says why.
    case malformed
    /// A signature does not belong to the record.
    case forged
    /// A named limit was exceeded.
    case tooLarge
    /// The record belongs to another mesh.
    case wrongMesh
    /// The operator behind the record is not admitted (yet).
    case notAdmitted
    /// The invitation was used up, has expired or lacks the issuer's countersignature.
    case invitationVoid
    /// The record is past its end, or dated from a future that no clock skew explains.
    case outOfTime
    /// A sponsor's quota or the total is used up.
    case overQuota
    /// Somebody whose record is not known here signed it; it may pass later.
    case unknownSigner

    public init(_ code: CoreError.Code) {
        self =
            switch code {
            case .badSignature: .forged
            case .tooLarge: .tooLarge
            default: .malformed
            }
    }
}

/// Runs `body` and says in which record a ``CoreError`` happened.
func reading<Value>(_ record: String, _ body: () throws(CoreError) -> Value) throws(MeshError) -> Value {
    do { return try body() } catch { throw MeshError(error, in: record) }
}
