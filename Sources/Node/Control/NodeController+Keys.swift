import Control
import Core
import Owners

extension NodeController {
    func keyBackup() async throws -> KeyBackup {
        let owner = try parts.objects.vault.existing()
        guard let phrase = owner.phrase else {
            _ = try owner.signing(to: "run 'key backup'"); throw CancellationError()
        }
        return KeyBackup(phrase: phrase.words.joined(separator: " "), owner: owner.owner.description)
    }

    func keyRecover(phrase: String, deviceName: String) async throws -> KeyRecovered {
        let recovered: RecoveryPhrase
        do { recovered = try RecoveryPhrase(words: phrase) } catch { throw NodeError(.badInput, error.message) }
        let owner = try parts.objects.vault.recover(recovered, deviceName: deviceName)
        try await parts.objects.names.publish(owner.certificate)
        return try await counted(owner)
    }

    func keyAddDevice(name: String) async throws -> DeviceInvite {
        let owner = try parts.objects.vault.existing()
        let signing = try owner.signing(to: "add devices")
        var generator = SystemRandomNumberGenerator()
        let device = SigningKey<DeviceRole>.generate(using: &generator)
        let certificate = try DeviceCertificate(
            device: device.id,
            name: name,
            state: .active,
            version: 1,
            owner: signing
        )
        try await parts.objects.names.publish(certificate)
        let invitation = DeviceInvitation(reading: owner.reading, device: device, certificate: certificate)
        return DeviceInvite(text: invitation.text)
    }

    func keyAcceptDevice(_ text: String) async throws -> KeyRecovered {
        let owner = try parts.objects.vault.accept(DeviceInvitation(text: text))
        return try await counted(owner)
    }

    private func counted(_ owner: OwnerIdentity) async throws -> KeyRecovered {
        let view = try await parts.objects.names.snapshot(of: owner).view
        return KeyRecovered(owner: owner.owner.description, objects: view.entries.count)
    }

    func keyRevokeDevice(_ device: String) async throws {
        let owner = try parts.objects.vault.existing()
        let signing = try owner.signing(to: "revoke devices")
        let known = parts.objects.devices.list.devices(of: owner.owner)
        let named = known.filter { $0.name == device || $0.device.description == device }
        guard let certificate = named.first else {
            throw NodeError(.notFound, "no device is called \"\(device)\"; 'holdfast key ls' shows them")
        }
        guard named.count == 1 else {
            throw NodeError(
                .usage,
                "\(named.count) devices are called \"\(device)\"; name one by its key, see 'holdfast key ls'"
            )
        }
        guard certificate.device != owner.device.id else {
            throw NodeError(.usage, "this is the device you work on; revoke it from another one")
        }
        let revocation = try DeviceCertificate(
            device: certificate.device,
            name: certificate.name,
            state: .revoked,
            lastRootVersion: parts.objects.names.rootVersion(of: certificate.device, owner: owner.owner),
            version: certificate.version + 1,
            owner: signing
        )
        try await parts.objects.names.publish(revocation)
    }

    func keyDevices() async throws -> [DeviceEntry] {
        let owner = try parts.objects.vault.existing()
        return parts.objects.devices.list.devices(of: owner.owner).map { certificate in
            DeviceEntry(
                device: certificate.device.description,
                name: certificate.name,
                state: certificate.state == .active ? .active : .revoked,
                isThis: certificate.device == owner.device.id
            )
        }
    }
}
