/// What a signature is for, so that bytes signed for one purpose never pass for another.
public struct SignatureDomain: Hashable, Sendable {
    public let name: String

    public init(_ name: String) {
        precondition(name.utf8.count < 256, "a domain name fits a length byte")
        self.name = name
    }
}

/// Bytes with the Ed25519 signature of one key, valid in one domain only.
///
/// Encoded as the CBOR array `[signer (32 bytes), payload (bytes), signature (64 bytes)]`; the domain is not in it, the
/// reader knows which it expects. Signed is `"holdfast-signature:" ‖ length of domain (1 byte) ‖ domain ‖ payload`.
/// The payload is kept as it came, so fields that this version does not know are forwarded unchanged.
public struct SignedEnvelope<Role>: Hashable, Sendable {
    public let signer: KeyID<Role>
    public let payload: [UInt8]
    public let signature: [UInt8]

    /// Largest payload, in bytes.
    public static var payloadBytesMax: Int { 16 * 1024 }

    /// Signs `payload` in `domain`.
    public init(signing payload: [UInt8], in domain: SignatureDomain, with key: SigningKey<Role>) {
        precondition(payload.count <= Self.payloadBytesMax, "a record of \(payload.count) bytes is never signed")
        signer = key.id
        self.payload = payload
        signature = key.signature(over: Self.message(payload, in: domain))
    }

    /// Decodes and verifies; there is no way to hold an envelope that was not verified.
    ///
    /// - Throws: ``CoreError`` `.badSignature`, or what is wrong with the bytes.
    public init(decoding bytes: some Collection<UInt8>, in domain: SignatureDomain) throws(CoreError) {
        guard bytes.count <= Self.payloadBytesMax + 256 else {
            throw CoreError(.tooLarge, "an envelope of \(bytes.count) bytes, at most \(Self.payloadBytesMax)")
        }
        guard case .array(let parts) = try CBOR(decoding: bytes), parts.count == 3,
            case .bytes(let signer) = parts[0], case .bytes(let payload) = parts[1],
            case .bytes(let signature) = parts[2]
        else { throw CoreError(.invalid, "an envelope is an array of signer, payload and signature") }
        guard payload.count <= Self.payloadBytesMax else {
            throw CoreError(.tooLarge, "a payload of \(payload.count) bytes, at most \(Self.payloadBytesMax)")
        }
        self.signer = try KeyID(signer)
        self.payload = payload
        self.signature = signature
        guard self.signer.verifies(signature, over: Self.message(payload, in: domain)) else {
            throw CoreError(.badSignature, "the signature of \(self.signer.short) does not match (\(domain.name))")
        }
    }

    public var encoded: [UInt8] {
        CBOR.array([.bytes(signer.bytes), .bytes(payload), .bytes(signature)]).encoded()
    }

    private static func message(_ payload: [UInt8], in domain: SignatureDomain) -> [UInt8] {
        Array("holdfast-signature:".utf8) + [UInt8(domain.name.utf8.count)] + Array(domain.name.utf8) + payload
    }
}
