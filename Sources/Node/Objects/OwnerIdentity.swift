import Core
import Owners

/// Who stores things from this machine: an owner, and the device key under which this machine writes for it.
package struct OwnerIdentity: Sendable {
    package let owner: OwnerID
    let reading: ReadingKey
    package let device: SigningKey<DeviceRole>
    let certificate: DeviceCertificate
    /// What the recovery phrase gives; `nil` on a machine that was only added as a device.
    let secrets: OwnerSecrets?
    package let phrase: RecoveryPhrase?

    /// The owner and a device on a machine that has the phrase.
    init(
        _ phrase: RecoveryPhrase,
        _ secrets: OwnerSecrets,
        device: SigningKey<DeviceRole>,
        certificate: DeviceCertificate
    ) {
        owner = secrets.owner
        reading = secrets.reading
        self.device = device
        self.certificate = certificate
        self.secrets = secrets
        self.phrase = phrase
    }

    /// A machine that was only added as a device.
    package init(reading: ReadingKey, device: SigningKey<DeviceRole>, certificate: DeviceCertificate) {
        owner = certificate.owner
        self.reading = reading
        self.device = device
        self.certificate = certificate
        secrets = nil
        phrase = nil
    }

    /// The words that restore the owner.
    ///
    /// - Throws: ``NodeError`` `.usage` on a machine without them.
    func words(to purpose: String) throws(NodeError) -> [String] {
        guard let phrase else { throw Self.lacksPhrase(purpose) }
        return phrase.words
    }

    /// The owner's own key, for what only an owner may do.
    ///
    /// - Throws: ``NodeError`` `.usage` on a machine without the phrase.
    func signing(to purpose: String) throws(NodeError) -> SigningKey<OwnerRole> {
        guard let secrets else { throw Self.lacksPhrase(purpose) }
        return secrets.signing
    }

    private static func lacksPhrase(_ purpose: String) -> NodeError {
        NodeError(
            .usage,
            "this machine was added as a device and does not have the recovery phrase; \(purpose) where it is"
        )
    }
}
