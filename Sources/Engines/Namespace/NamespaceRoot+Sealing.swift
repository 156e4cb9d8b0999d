import Core
import Crypto
import Owners

extension NamespaceRoot {
    private static let sealingPurpose = "holdfast/namespace-root/1"
    private static let nonceByteCount = 12

    /// Seals `contents` for the owner's devices and signs the root.
    ///
    /// AES-256-GCM under a key derived from the reading key, with a random nonce; bound to owner, device and version. Pass
    /// the system's generator outside of simulations.
    ///
    /// - Throws: ``NamespaceError`` `.outOfRange` when the contents are larger than a root may seal, `.notSigned` if the
    ///   key is not that of the certificate.
    public static func sealing(
        _ contents: NamespaceContents,
        version: UInt64,
        mesh: CID,
        expires: Instant,
        reading: ReadingKey,
        certificate: DeviceCertificate,
        device: SigningKey<DeviceRole>,
        using rng: inout some RandomNumberGenerator
    ) throws(NamespaceError) -> NamespaceRoot {
        let plaintext = contents.encoded()
        let nonce = (0..<nonceByteCount).map { _ in UInt8.random(in: .min ... .max, using: &rng) }
        guard plaintext.count <= sealedBytesMax - nonceByteCount - 16 else {
            throw NamespaceError(.outOfRange, "the contents of a namespace root have \(plaintext.count) bytes")
        }
        guard
            let sealed = try? AES.GCM.seal(
                plaintext,
                using: key(reading),
                nonce: AES.GCM.Nonce(data: nonce),
                authenticating: binding(certificate.owner, certificate.device, version)
            ).combined
        else { throw NamespaceError(.outOfRange, "the contents of a namespace root cannot be sealed") }
        do {
            return try NamespaceRoot(
                sealed: Array(sealed),
                version: version,
                mesh: mesh,
                expires: expires,
                certificate: certificate,
                device: device
            )
        } catch {
            throw NamespaceError(.notSigned, error.message, cause: error.cause)
        }
    }

    /// Opens what the device sealed.
    ///
    /// - Throws: ``NamespaceError`` `.cannotOpen` under another key, `.malformed` or `.outOfRange`.
    public func open(with reading: ReadingKey) throws(NamespaceError) -> NamespaceContents {
        guard let box = try? AES.GCM.SealedBox(combined: sealed),
            let plaintext = try? AES.GCM.open(
                box,
                using: Self.key(reading),
                authenticating: Self.binding(owner, device, version)
            )
        else {
            throw NamespaceError(
                .cannotOpen,
                "namespace root \(version) of device \(device.short) is under another key"
            )
        }
        return try NamespaceContents(decoding: Array(plaintext))
    }

    private static func key(_ reading: ReadingKey) -> SymmetricKey {
        SymmetricKey(data: reading.subkey(for: sealingPurpose))
    }

    private static func binding(_ owner: OwnerID, _ device: DeviceID, _ version: UInt64) -> [UInt8] {
        owner.bytes + device.bytes + withUnsafeBytes(of: version.bigEndian) { Array($0) }
    }
}
