import Core
import Owners

extension DeviceStatement {
    /// Signs, with an ``ObjectsError`` about `record` if that cannot be.
    init(
        ofOwner certificate: DeviceCertificate,
        signing payload: [UInt8],
        in domain: SignatureDomain,
        device: SigningKey<DeviceRole>,
        of record: String
    ) throws(ObjectsError) {
        guard certificate.state == .active else {
            throw ObjectsError(.revoked, "a \(record) cannot be signed by a revoked device")
        }
        do {
            try self.init(signing: payload, in: domain, certificate: certificate, device: device)
        } catch {
            throw ObjectsError(error, in: record)
        }
    }

    /// Decodes at most `max` bytes and verifies, with an ``ObjectsError`` about `record`.
    init(ofOwner bytes: [UInt8], max: Int, in domain: SignatureDomain, of record: String) throws(ObjectsError) {
        guard bytes.count <= max else {
            throw ObjectsError(.tooLarge, "a \(record) of \(bytes.count) bytes, at most \(max)")
        }
        do {
            try self.init(decoding: bytes, in: domain, of: record)
        } catch {
            throw ObjectsError(error, in: record)
        }
    }
}
