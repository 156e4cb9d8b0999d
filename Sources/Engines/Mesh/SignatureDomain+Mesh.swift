import Core

extension SignatureDomain {
    static let genesis = SignatureDomain("holdfast/genesis/1")
    static let invitation = SignatureDomain("holdfast/invitation/1")
    /// What the invitation key signs.
    static let admissionClaim = SignatureDomain("holdfast/admission-claim/1")
    /// What the joining operator signs: the claim.
    static let admission = SignatureDomain("holdfast/admission/1")
    /// What the issuer of a limited invitation signs: the hash of the admission.
    static let countersignature = SignatureDomain("holdfast/admission-countersignature/1")
    /// What an operator signs for each of its nodes.
    static let nodeCertificate = SignatureDomain("holdfast/node-certificate/1")
    static let node = SignatureDomain("holdfast/node/1")
}
