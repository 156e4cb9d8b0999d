import Core
import Files
import Glibc
import Owners
import Synchronization

/// The owner's keys on this machine.
///
///     owner/phrase       the recovery phrase, on the machine where the owner was made or recovered
///     owner/reading.key  what opens names, on a machine that was added as a device
///     owner/device.key   under which this machine writes; device.next.key until that is written
///     owner/certificate  what the owner says of this device
///
/// All are 0600. The certificate decides: without it there is no owner yet, and it tells which key is the device's.
package final class OwnerVault: Sendable {
    private let folder: String
    private let files: any FileSystem
    private let current = Mutex<OwnerIdentity?>(nil)

    /// - Parameter folder: Where the files are, or will be.
    /// - Throws: ``NodeError`` when files are there and make no sense.
    package init(folder: String, files: any FileSystem = SystemFileSystem()) throws {
        self.folder = folder
        self.files = files
        let found = try Self.load(folder)
        current.withLock { $0 = found }
    }

    /// The owner of this machine, `nil` while nothing was ever stored from here.
    package var identity: OwnerIdentity? { current.withLock { $0 } }

    /// The owner of this machine.
    ///
    /// - Throws: ``NodeError`` `.notFound` while there is none.
    func existing() throws(NodeError) -> OwnerIdentity {
        guard let identity else {
            throw NodeError(
                .notFound,
                "nothing was stored from this machine yet; 'holdfast put' begins, 'holdfast key recover' brings an owner back"
            )
        }
        return identity
    }

    /// The owner of this machine; made on first use.
    ///
    /// - Returns: Whether it was made now.
    package func readOrCreate(deviceName: String) throws -> (identity: OwnerIdentity, isNew: Bool) {
        try current.withLock { current in
            if let identity = current { return (identity, false) }
            // Made by a call that failed at its end, and maybe not on stable storage.
            if let identity = try Self.load(folder) {
                try files.synchronizeFolder(folder)
                current = identity
                return (identity, false)
            }
            var generator = SystemRandomNumberGenerator()
            let identity = try save(.generate(using: &generator), deviceName: deviceName)
            current = identity
            return (identity, true)
        }
    }

    /// Makes this machine a device of the owner that a phrase stands for.
    ///
    /// - Throws: ``NodeError`` `.inUse` when another owner is here already.
    package func recover(_ phrase: RecoveryPhrase, deviceName: String) throws -> OwnerIdentity {
        try current.withLock { current in
            let secrets = OwnerSecrets(phrase)
            if let identity = current {
                guard identity.owner == secrets.owner else { throw Self.otherOwner(identity.owner) }
                guard identity.secrets == nil else { return identity }
            }
            let identity = try save(phrase, deviceName: deviceName)
            current = identity
            return identity
        }
    }

    /// Makes this machine a device with what ``DeviceInvitation`` brought.
    package func accept(_ invitation: DeviceInvitation) throws -> OwnerIdentity {
        try current.withLock { current in
            if let identity = current {
                guard identity.owner == invitation.certificate.owner else { throw Self.otherOwner(identity.owner) }
                return identity
            }
            try SmallFile.makeFolder(folder)
            try write(invitation.reading.bytes, "reading.key")
            try save(invitation.device, invitation.certificate)
            let identity = OwnerIdentity(
                reading: invitation.reading,
                device: invitation.device,
                certificate: invitation.certificate
            )
            current = identity
            return identity
        }
    }

    // MARK: - Files

    private func save(_ phrase: RecoveryPhrase, deviceName: String) throws -> OwnerIdentity {
        try SmallFile.makeFolder(folder)
        let secrets = OwnerSecrets(phrase)
        var generator = SystemRandomNumberGenerator()
        let device = SigningKey<DeviceRole>.generate(using: &generator)
        let certificate = try DeviceCertificate(
            device: device.id,
            name: Self.cut(deviceName),
            state: .active,
            version: 1,
            owner: secrets.signing
        )
        try write(Array((phrase.words.joined(separator: " ") + "\n").utf8), "phrase")
        try save(device, certificate)
        return OwnerIdentity(phrase, secrets, device: device, certificate: certificate)
    }

    /// Makes `device` the one of this machine; whatever fails in between, either it is, or nothing has changed.
    private func save(_ device: SigningKey<DeviceRole>, _ certificate: DeviceCertificate) throws(NodeError) {
        let next = folder + "/device.next.key"
        try KeyFile.write(device, to: next, through: files)
        try write(certificate.bytes, "certificate")
        // Only tidier: the key is found under its other name too.
        guard (try? KeyFile.write(device, to: folder + "/device.key", through: files)) != nil else { return }
        try? files.remove(next)
    }

    private func write(_ bytes: [UInt8], _ name: String) throws(NodeError) {
        try SmallFile.write(bytes, to: folder + "/" + name, through: files)
    }

    private static func load(_ folder: String) throws -> OwnerIdentity? {
        guard let bytes = try SmallFile.read(folder + "/certificate") else { return nil }
        let certificate = try DeviceCertificate(decoding: bytes)
        let keys = try ["/device.key", "/device.next.key"].compactMap { name in
            try KeyFile.read(folder + name, as: DeviceRole.self)
        }
        guard let device = keys.first(where: { $0.id == certificate.device })
        else { throw NodeError(.file, "\(folder)/device.key is missing or belongs to another device") }
        guard let text = try SmallFile.read(folder + "/phrase") else {
            guard let reading = try SmallFile.read(folder + "/reading.key") else {
                throw NodeError(
                    .file,
                    "\(folder) has neither a phrase nor a reading.key; recover with: holdfast key recover"
                )
            }
            return try OwnerIdentity(reading: ReadingKey(reading), device: device, certificate: certificate)
        }
        try checkPrivate(folder + "/phrase")
        let phrase = try RecoveryPhrase(words: String(decoding: text, as: UTF8.self))
        let secrets = OwnerSecrets(phrase)
        guard secrets.owner == certificate.owner else {
            throw NodeError(.file, "\(folder)/phrase is not that of the owner in \(folder)/certificate")
        }
        return OwnerIdentity(phrase, secrets, device: device, certificate: certificate)
    }

    private static func checkPrivate(_ path: String) throws(NodeError) {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & 0o077 == 0 else {
            throw NodeError(.file, "\(path) can be read by others; protect it with: chmod 600 \(path)")
        }
    }

    private static func otherOwner(_ owner: OwnerID) -> NodeError {
        NodeError(.inUse, "another owner (\(owner.short)) stores from this machine; use another --data folder")
    }

    /// A device name as long as it may be.
    private static func cut(_ name: String) -> String {
        var cut = ""
        for character in name {
            guard cut.utf8.count + character.utf8.count <= DeviceCertificate.nameBytesMax else { break }
            cut.append(character)
        }
        return cut
    }
}
