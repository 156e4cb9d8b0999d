import Core

/// What an owner says of one of its devices: "writes for me", or, with a higher version, "does so no more".
///
/// Encoded as the owner's ``SignedEnvelope`` around a CBOR map; unknown fields are kept because the bytes are.
public struct DeviceCertificate: Hashable, Sendable {
    /// Whether the device may write; a code that this version does not know counts as revoked.
    public struct State: Hashable, Sendable {
        public let code: UInt64

        public init(code: UInt64) {
            self.code = code
        }

        public static let active = State(code: 1)
        public static let revoked = State(code: 2)
    }

    public let owner: OwnerID
    public let device: DeviceID
    /// What the user calls the machine; at most ``nameBytesMax`` bytes of UTF-8.
    public let name: String
    public let state: State
    /// Of a revoked device: the version of its last namespace root that counts.
    public let lastRootVersion: UInt64
    /// Strictly growing per owner and device.
    public let version: UInt64
    public let bytes: [UInt8]

    public static let nameBytesMax = 64
    /// Largest certificate, in bytes; ours have about 290.
    public static let bytesMax = 512

    /// Signs the certificate with the owner's key.
    ///
    /// - Throws: ``OwnersError`` `.outOfRange` when the name is too long.
    public init(
        device: DeviceID,
        name: String,
        state: State,
        lastRootVersion: UInt64 = 0,
        version: UInt64,
        owner: SigningKey<OwnerRole>
    ) throws(OwnersError) {
        guard name.utf8.count <= Self.nameBytesMax else {
            throw OwnersError(.outOfRange, "a device name of \(name.utf8.count) bytes, at most \(Self.nameBytesMax)")
        }
        let payload = CBOR.map([
            "owner": .bytes(owner.id.bytes), "device": .bytes(device.bytes), "name": .text(name),
            "state": .unsigned(state.code), "last": .unsigned(lastRootVersion), "version": .unsigned(version),
        ])
        self.owner = owner.id
        self.device = device
        self.name = name
        self.state = state
        self.lastRootVersion = lastRootVersion
        self.version = version
        bytes = SignedEnvelope(signing: payload.encoded(), in: .device, with: owner).encoded
    }

    /// Decodes and verifies the owner's signature.
    ///
    /// - Throws: ``OwnersError`` `.malformed`, `.badSignature` or `.outOfRange`.
    public init(decoding bytes: [UInt8]) throws(OwnersError) {
        guard bytes.count <= Self.bytesMax else {
            throw OwnersError(.outOfRange, "a device certificate of \(bytes.count) bytes, at most \(Self.bytesMax)")
        }
        let signer: OwnerID
        do {
            let envelope = try SignedEnvelope<OwnerRole>(decoding: bytes, in: .device)
            let fields = try CBORFields(decoding: envelope.payload, of: "device certificate")
            owner = try fields.key("owner")
            device = try fields.key("device")
            name = try fields.text("name", max: Self.nameBytesMax)
            state = State(code: try fields.unsigned("state"))
            lastRootVersion = try fields.unsigned("last")
            version = try fields.unsigned("version")
            signer = envelope.signer
        } catch {
            throw OwnersError(error, in: "device certificate")
        }
        guard signer == owner else {
            throw OwnersError(
                .badSignature,
                "a device certificate of \(owner.short) is signed by \(signer.short)"
            )
        }
        self.bytes = bytes
    }
}
