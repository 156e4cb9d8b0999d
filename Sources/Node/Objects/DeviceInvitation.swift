import Core
import Owners

/// What makes another machine a device of an owner: one string, as secret as the owner's names.
///
/// `hfd1` and the base32 of a CBOR map; the device's key is made by whoever invites, so one string in one direction is all.
package struct DeviceInvitation: Sendable {
    let reading: ReadingKey
    let device: SigningKey<DeviceRole>
    let certificate: DeviceCertificate

    static let prefix = "hfd1"
    /// Longest text, in bytes.
    static let textBytesMax = 2_048

    package var text: String {
        let map = CBOR.map([
            "reading": .bytes(reading.bytes), "device": .bytes(device.seed), "certificate": .bytes(certificate.bytes),
        ])
        return Self.prefix + Multibase.base32.encodeBare(map.encoded())
    }

    package init(reading: ReadingKey, device: SigningKey<DeviceRole>, certificate: DeviceCertificate) {
        self.reading = reading
        self.device = device
        self.certificate = certificate
    }

    /// - Throws: ``NodeError`` `.badInput` when the text is not whole.
    package init(text: String) throws(NodeError) {
        do {
            guard text.utf8.count <= Self.textBytesMax, text.hasPrefix(Self.prefix) else {
                throw CoreError(.invalid, "it does not begin with \(Self.prefix)")
            }
            let bytes = try Multibase.base32.decodeBare(text.dropFirst(Self.prefix.count))
            let fields = try CBORFields(decoding: bytes, of: "device invitation")
            reading = try ReadingKey(fields.bytes("reading", max: ReadingKey.byteCount))
            device = try SigningKey(seed: fields.bytes("device", max: 32))
            certificate = try DeviceCertificate(
                decoding: fields.bytes("certificate", max: DeviceCertificate.bytesMax)
            )
        } catch {
            throw NodeError(
                .badInput,
                "this is no device string; copy the whole line that 'key add-device' printed (\(error))"
            )
        }
        guard device.id == certificate.device else {
            throw NodeError(
                .badInput,
                "the device string is damaged; copy the whole line that 'key add-device' printed"
            )
        }
    }
}
