import Core
import Owners

/// Who stores things from this machine: an owner, and the device key under which this machine writes for it.
struct OwnerIdentity: Sendable {
    let owner: OwnerID
    let reading: ReadingKey
    let device: SigningKey<DeviceRole>
    let certificate: DeviceCertificate
    /// What the recovery phrase gives; `nil` on a machine that was only added as a device.
    let secrets: OwnerSecrets?
    let phrase: RecoveryPhrase?

    /// The owner's own key, for what only an owner may do.
    ///
    /// - Throws: ``NodeError`` `.usage` on a machine without the phrase.
    func signing(to purpose: String) throws(NodeError) -> SigningKey<OwnerRole> {
        guard let secrets else {
            throw NodeError(
                .usage,
                "this machine was added as a device and does not have the recovery phrase; \(purpose) where it is"
            )
        }
        return secrets.signing
    }
}
