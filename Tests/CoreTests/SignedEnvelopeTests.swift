import Core
import Testing

private let domain = SignatureDomain("test")

@Suite struct SignedEnvelopeTests {
    private let key: SigningKey<NodeRole>

    init() throws {
        key = try SigningKey(seed: hex(#require(Vectors.ed25519.first).seed))
    }

    /// Signs by the documented layout, apart from the code under test.
    private func envelope(
        payload: [UInt8],
        domain: String = "test",
        prefix: String = "holdfast-signature:"
    ) -> [UInt8] {
        let message = Array(prefix.utf8) + [UInt8(domain.utf8.count)] + Array(domain.utf8) + payload
        return CBOR.array([.bytes(key.id.bytes), .bytes(payload), .bytes(key.signature(over: message))]).encoded()
    }

    private func decode(_ bytes: [UInt8]) throws -> SignedEnvelope<NodeRole> {
        try SignedEnvelope(decoding: bytes, in: domain)
    }

    @Test func payload_isSigned_hasTheDocumentedLayout() throws {
        let signed = SignedEnvelope(signing: hex("a0"), in: domain, with: key)
        #expect(Array(signed.encoded.prefix(39)) == hex("83 5820") + key.id.bytes + hex("41 a0 5840"))
        #expect(signed.encoded.count == 39 + 64)
        let message = Array("holdfast-signature:\u{4}test".utf8) + hex("a0")
        #expect(key.id.verifies(Array(signed.encoded.suffix(64)), over: message))
    }

    @Test func envelope_madeByTheDocumentedLayout_isAccepted() throws {
        let read = try decode(envelope(payload: [1, 2, 3]))
        #expect(read.signer == key.id && read.payload == [1, 2, 3])
        #expect(read.encoded == envelope(payload: [1, 2, 3]))
    }

    /// The length byte keeps a domain from running on into the payload.
    @Test(arguments: ["", "tes", "test2", "Test", "test\0", "other", String(repeating: "t", count: 255)])
    func envelope_readInAnotherDomain_isRefused(name: String) {
        let bytes = SignedEnvelope(signing: Array("2more".utf8), in: domain, with: key).encoded
        #expect(refusal { try SignedEnvelope<NodeRole>(decoding: bytes, in: SignatureDomain(name)) } == .badSignature)
        #expect(refusal { try decode(envelope(payload: Array("2more".utf8), domain: name)) } == .badSignature)
    }

    @Test func signature_withAnotherPrefix_isRefused() {
        #expect(refusal { try decode(envelope(payload: [1], prefix: "")) } == .badSignature)
        #expect(refusal { try decode(envelope(payload: [1], prefix: "libp2p-signature:")) } == .badSignature)
    }

    @Test func payload_atTheLimit_isReadAndOneByteMoreIsRefused() throws {
        let max = SignedEnvelope<NodeRole>.payloadBytesMax
        for count in [0, 1, 23, 24, 255, 256, max] {
            let signed = SignedEnvelope(signing: Array(repeating: 5, count: count), in: domain, with: key)
            #expect(try decode(signed.encoded) == signed)
        }
        #expect(refusal { try decode(envelope(payload: Array(repeating: 5, count: max + 1))) } == .tooLarge)
        #expect(refusal { try decode(envelope(payload: Array(repeating: 5, count: max * 2))) } == .tooLarge)
        #expect(refusal { try decode([UInt8](repeating: 0x81, count: 10_000_000)) } == .tooLarge)
    }

    @Test func everyBit_isFlipped_isRefused() {
        let bytes = envelope(payload: [1, 2, 3, 4])
        for bit in 0..<bytes.count * 8 {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(refusal { try decode(flipped) } != nil, "bit \(bit)")
        }
    }

    @Test func envelope_isCutAnywhere_isRefused() {
        let bytes = envelope(payload: [1, 2, 3, 4])
        for count in 0..<bytes.count { #expect(refusal { try decode(Array(bytes.prefix(count))) } == .truncated) }
        #expect(refusal { try decode(bytes + [0]) } == .invalid)
    }

    @Test func anotherShape_isRefused() throws {
        let good = try decode(envelope(payload: [1]))
        let (signer, payload, signature) = (CBOR.bytes(good.signer.bytes), CBOR.bytes([1]), CBOR.bytes(good.signature))
        let shapes: [CBOR] = [
            .null, .array([]), .array([signer, payload]), .array([signer, payload, signature, .null]),
            .array([payload, signer, signature]), .array([signer, .text("\u{1}"), signature]),
            .array([signer, payload, .null]), .map(["signer": signer, "payload": payload, "signature": signature]),
            .array([.bytes(good.signer.bytes + [0]), payload, signature]),
            .array([.array([signer, payload, signature])]),
        ]
        for shape in shapes { #expect(refusal { try decode(shape.encoded()) } == .invalid, "\(shape)") }
        for wrong in [[], Array(good.signature.dropLast()), good.signature + [0]] {
            let bytes = CBOR.array([signer, payload, .bytes(wrong)]).encoded()
            #expect(refusal { try decode(bytes) } == .badSignature)
        }
    }

    @Test func envelope_withAnotherSigner_isRefused() throws {
        var rng = SplitMix64(seed: 5)
        let signed = try decode(envelope(payload: [1]))
        let other = SigningKey<NodeRole>.generate(using: &rng).id
        let forged = CBOR.array([.bytes(other.bytes), .bytes([1]), .bytes(signed.signature)]).encoded()
        #expect(refusal { try decode(forged) } == .badSignature)
    }

    @Test(arguments: UInt64(0)..<10)
    func damagedEnvelope_isRead_isRefused(seed: UInt64) {
        var rng = SplitMix64(seed: seed)
        for _ in 0..<100 {
            let bytes = envelope(payload: randomBytes(0...60, using: &rng))
            let bad = damaged(bytes, using: &rng)
            #expect(bad == bytes || refusal { try decode(bad) } != nil)
        }
    }
}
