import Core

/// The record that a mesh is born with: who founded it and who may join.
///
/// Its CID names the mesh, so two meshes never mix.
public struct GenesisRecord: Hashable, Sendable {
    /// The first admitted operator.
    public let founder: OperatorID
    public let created: Instant
    /// The signed bytes.
    public let bytes: [UInt8]

    /// Largest genesis record, in bytes.
    public static let bytesMax = 1_024
    /// The one admission rule there is: invited by an admitted operator.
    static let admissionRule = "invited"

    /// The name of the mesh: a CIDv1 (dag-cbor) of the signed bytes.
    public var mesh: CID { CID(hashing: bytes, codec: .dagCBOR) }

    /// Founds a mesh; `rng` makes two meshes of one founder in one millisecond different.
    public init(founder: SigningKey<OperatorRole>, now: Instant, using rng: inout some RandomNumberGenerator) {
        let nonce = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &rng) }
        let payload = CBOR.map([
            "v": .unsigned(1), "created": .integer(now.milliseconds), "nonce": .bytes(nonce),
            "admission": .text(Self.admissionRule),
        ])
        bytes = SignedEnvelope(signing: payload.encoded(), in: .genesis, with: founder).encoded
        self.founder = founder.id
        created = now
    }

    /// - Throws: ``MeshError`` `.malformed`, `.forged` or `.tooLarge`.
    public init(decoding bytes: [UInt8]) throws(MeshError) {
        guard bytes.count <= Self.bytesMax else {
            throw MeshError(.tooLarge, "a genesis record of \(bytes.count) bytes, at most \(Self.bytesMax)")
        }
        let (envelope, fields) = try reading("genesis record") { () throws(CoreError) in
            let envelope = try SignedEnvelope<OperatorRole>(decoding: bytes, in: .genesis)
            return (envelope, try CBORFields(decoding: envelope.payload, of: "genesis record"))
        }
        let (version, rule, created) = try reading("genesis record") { () throws(CoreError) in
            (try fields.unsigned("v"), try fields.text("admission", max: 32), try fields.instant("created"))
        }
        guard version == 1, rule == Self.admissionRule else {
            throw MeshError(
                .malformed,
                "genesis version \(version), rule \"\(rule)\": needs a newer Holdfast"
            )
        }
        founder = envelope.signer
        self.created = created
        self.bytes = bytes
    }
}
