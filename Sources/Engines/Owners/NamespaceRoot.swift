import Core

/// What a device says of its part of its owner's namespace: sealed for the owner's devices, renewed while it lives.
///
/// A ``DeviceStatement`` in the domain `holdfast/namespace-root/1` around a CBOR map. Nodes replicate it without being
/// able to read it; the module Namespace opens what is sealed.
public struct NamespaceRoot: Hashable, Sendable {
    public let statement: DeviceStatement
    public let mesh: CID
    /// Strictly growing per owner and device.
    public let version: UInt64
    public let expires: Instant
    public let sealed: [UInt8]

    public var owner: OwnerID { statement.owner }
    public var device: DeviceID { statement.device }
    public var bytes: [UInt8] { statement.bytes }

    /// Largest sealed content, in bytes.
    public static let sealedBytesMax = 8 * 1024
    /// Largest root, in bytes.
    public static let bytesMax = sealedBytesMax + DeviceStatement.overheadBytesMax + 256

    /// Signs with the device's key.
    ///
    /// - Throws: ``OwnersError`` `.outOfRange` when there is too much to seal, `.badSignature` if the key is not that of
    ///   the certificate.
    public init(
        sealed: [UInt8],
        version: UInt64,
        mesh: CID,
        expires: Instant,
        certificate: DeviceCertificate,
        device: SigningKey<DeviceRole>
    ) throws(OwnersError) {
        guard sealed.count <= Self.sealedBytesMax else {
            throw OwnersError(
                .outOfRange,
                "a namespace root seals \(sealed.count) bytes, at most \(Self.sealedBytesMax)"
            )
        }
        let payload = CBOR.map([
            "mesh": .link(mesh), "version": .unsigned(version), "expires": .integer(expires.milliseconds),
            "sealed": .bytes(sealed),
        ])
        statement = try DeviceStatement(
            signing: payload.encoded(),
            in: .namespaceRoot,
            certificate: certificate,
            device: device
        )
        self.mesh = mesh
        self.version = version
        self.expires = expires
        self.sealed = sealed
    }

    /// Decodes and verifies the signatures of owner and device.
    ///
    /// - Throws: ``OwnersError`` `.malformed`, `.badSignature`, `.outOfRange` or `.revoked`.
    public init(decoding bytes: [UInt8]) throws(OwnersError) {
        guard bytes.count <= Self.bytesMax else {
            throw OwnersError(.outOfRange, "a namespace root of \(bytes.count) bytes, at most \(Self.bytesMax)")
        }
        statement = try DeviceStatement(decoding: bytes, in: .namespaceRoot, of: "namespace root")
        do {
            let fields = try CBORFields(decoding: statement.payload, of: "namespace root")
            mesh = try fields.link("mesh")
            version = try fields.unsigned("version")
            expires = try fields.instant("expires")
            sealed = try fields.bytes("sealed", max: Self.sealedBytesMax)
        } catch {
            throw OwnersError(error, in: "namespace root")
        }
    }
}
