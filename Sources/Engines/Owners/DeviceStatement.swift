import Core

/// Bytes that a device of an owner signed, with the certificate that lets it speak for the owner.
///
/// Encoded as the CBOR array `[certificate (bytes), envelope of the device (bytes)]`, so it proves itself: who holds it needs
/// to know nothing else, except whether the device was revoked meanwhile.
public struct DeviceStatement: Hashable, Sendable {
    public let certificate: DeviceCertificate
    public let payload: [UInt8]
    public let bytes: [UInt8]

    public var owner: OwnerID { certificate.owner }
    public var device: DeviceID { certificate.device }

    /// Most bytes that certificate, signature and framing add to a payload.
    public static let overheadBytesMax = DeviceCertificate.bytesMax + 160

    /// Signs `payload` in `domain`.
    ///
    /// - Throws: ``OwnersError`` `.badSignature` if the key is not that of the certificate.
    public init(
        signing payload: [UInt8],
        in domain: SignatureDomain,
        certificate: DeviceCertificate,
        device: SigningKey<DeviceRole>
    ) throws(OwnersError) {
        guard device.id == certificate.device else {
            throw OwnersError(
                .badSignature,
                "the certificate is of device \(certificate.device.short), not \(device.id.short)"
            )
        }
        let envelope = SignedEnvelope(signing: payload, in: domain, with: device)
        bytes = CBOR.array([.bytes(certificate.bytes), .bytes(envelope.encoded)]).encoded()
        self.certificate = certificate
        self.payload = payload
    }

    /// Decodes and verifies both signatures; a certificate that says "revoked" proves nothing.
    ///
    /// - Parameter record: what the statement is, for error messages: "segment record".
    /// - Throws: ``OwnersError`` `.malformed`, `.badSignature`, `.outOfRange` or `.revoked`.
    public init(decoding bytes: [UInt8], in domain: SignatureDomain, of record: String) throws(OwnersError) {
        let envelope: SignedEnvelope<DeviceRole>
        do {
            guard case .array(let parts) = try CBOR(decoding: bytes), parts.count == 2,
                case .bytes(let first) = parts[0], case .bytes(let second) = parts[1]
            else { throw CoreError(.invalid, "not an array of certificate and envelope") }
            envelope = try SignedEnvelope<DeviceRole>(decoding: second, in: domain)
            certificate = try Self.certificate(first)
        } catch let error as CoreError {
            throw OwnersError(error, in: record)
        } catch let error as OwnersError {
            throw error
        } catch {
            throw OwnersError(.malformed, "\(record): \(error)")
        }
        guard certificate.device == envelope.signer else {
            throw OwnersError(
                .badSignature,
                "\(record) is signed by \(envelope.signer.short), certified is another device"
            )
        }
        guard certificate.state == .active else {
            throw OwnersError(.revoked, "\(record) shows a certificate of a revoked device")
        }
        payload = envelope.payload
        self.bytes = bytes
    }

    private static func certificate(_ bytes: [UInt8]) throws(OwnersError) -> DeviceCertificate {
        try DeviceCertificate(decoding: bytes)
    }
}
