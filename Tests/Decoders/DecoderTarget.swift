import Core

/// One decoder of bytes from outside, with bytes that it takes.
public struct DecoderTarget: Sendable {
    /// The type that decodes, as its source calls it.
    public let name: String
    public let samples: [DecoderSample]
    /// Decodes, and gives back what the value encodes to; `nil` where there is no encoder.
    public let decode: @Sendable ([UInt8]) throws -> [UInt8]?

    public init(
        _ name: String,
        _ samples: [DecoderSample],
        decode: @escaping @Sendable ([UInt8]) throws -> [UInt8]?
    ) {
        self.name = name
        self.samples = samples
        self.decode = decode
    }

    public init(_ name: String, text samples: [String], decode: @escaping @Sendable (String) throws -> [UInt8]?) {
        self.init(name, samples.map { DecoderSample(Array($0.utf8)) }) { bytes in
            try decode(String(decoding: bytes, as: UTF8.self))
        }
    }
}

/// Bytes that a decoder takes: the part that is changed, and how the whole is made of it.
///
/// What is signed is changed before it is signed, else no change would come past the signature.
public struct DecoderSample: Sendable {
    public let payload: [UInt8]
    private let seal: @Sendable ([UInt8]) -> [UInt8]

    public init(_ payload: [UInt8], seal: @escaping @Sendable ([UInt8]) -> [UInt8] = { $0 }) {
        self.payload = payload
        self.seal = seal
    }

    public var bytes: [UInt8] { seal(payload) }

    /// The whole around another payload.
    public func bytes(around payload: [UInt8]) -> [UInt8] { seal(payload) }

    /// What an envelope holds, to be signed anew.
    public static func resigning<Role>(
        _ envelope: [UInt8],
        in domain: String,
        by key: SigningKey<Role>
    ) throws -> DecoderSample {
        let domain = SignatureDomain(domain)
        let payload = try SignedEnvelope<Role>(decoding: envelope, in: domain).payload
        return DecoderSample(payload) { payload in
            // A larger one is never signed.
            let payload = Array(payload.prefix(SignedEnvelope<Role>.payloadBytesMax))
            return SignedEnvelope(signing: payload, in: domain, with: key).encoded
        }
    }

    /// The same in one more envelope.
    public func resigned<Role>(in domain: String, by key: SigningKey<Role>) -> DecoderSample {
        let (domain, seal) = (SignatureDomain(domain), seal)
        return DecoderSample(payload) { payload in
            let inner = Array(seal(payload).prefix(SignedEnvelope<Role>.payloadBytesMax))
            return SignedEnvelope(signing: inner, in: domain, with: key).encoded
        }
    }

    /// The same with something around it.
    public func wrapped(_ wrap: @escaping @Sendable ([UInt8]) -> [UInt8]) -> DecoderSample {
        let seal = seal
        return DecoderSample(payload) { wrap(seal($0)) }
    }
}
