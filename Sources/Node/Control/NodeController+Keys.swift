import Control
import Core
import Owners

extension NodeController {
    /// How long a node that has just joined waits to hear of an owner.
    static let ownerTimeMax = Duration.seconds(10)

    func keyBackup() async throws -> KeyBackup {
        let owner = try parts.objects.vault.existing()
        let words = try owner.words(to: "run 'key backup'")
        return KeyBackup(phrase: words.joined(separator: " "), owner: owner.owner.description)
    }

    func keyRecover(phrase: String, deviceName: String) async throws -> KeyRecovered {
        let recovered: RecoveryPhrase
        do { recovered = try RecoveryPhrase(words: phrase) } catch { throw NodeError(.badInput, error.message) }
        try await waitForOwner(OwnerSecrets(recovered).owner)
        let owner = try parts.objects.vault.recover(recovered, deviceName: deviceName)
        try await parts.objects.names.publish(owner.certificate)
        return try await counted(owner)
    }

    /// A phrase with exchanged words can pass its checksum and stands for somebody who never was.
    private func waitForOwner(_ owner: OwnerID) async throws {
        let deadline = ContinuousClock.now + Self.ownerTimeMax
        while parts.objects.devices.list.devices(of: owner).isEmpty {
            guard ContinuousClock.now < deadline else {
                throw NodeError(
                    .notFound,
                    "nobody of this mesh knows the owner of this phrase; check its words and their order, and the mesh"
                )
            }
            try await Task.sleep(for: .milliseconds(100))
        }
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
