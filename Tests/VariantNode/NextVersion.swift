import Core
import Mesh
import Node

/// What a later version might add: a field of the node's record that this one does not know, and a kind of record.
enum NextVersion {
    static let kind = RecordKind(code: 200)
    private static let domain = SignatureDomain("holdfast/next/1")
    private static let lifetime = Duration.seconds(24 * 3_600)

    static func vary(_ variation: inout NodeVariation) {
        variation.claims = [
            "next": .map(["format": .unsigned(2), "list": .array([.text("of things"), .null])]),
            "software2": .text("a later one"),
        ]
        variation.submit = { node, mesh, now in
            let fields: [String: CBOR] = [
                "mesh": .link(mesh), "version": .integer(now.milliseconds),
                "expires": .integer((now + lifetime).milliseconds),
            ]
            let payload = CBOR.map(fields).encoded()
            return [(kind, SignedEnvelope(signing: payload, in: domain, with: node).encoded)]
        }
        variation.judge = { (kind, bytes, operatorOf) throws(MeshError) in
            guard kind == Self.kind else { return nil }
            do {
                let envelope = try SignedEnvelope<NodeRole>(decoding: bytes, in: domain)
                let fields = try CBORFields(decoding: envelope.payload, of: "next record")
                guard let sponsor = operatorOf(envelope.signer) else {
                    throw MeshError(.unknownSigner, "a next record of a node that is not known")
                }
                return RecordHeader(
                    key: RecordKey(kind: kind, subject: envelope.signer.bytes),
                    version: try fields.unsigned("version"),
                    expires: try fields.instant("expires"),
                    sponsor: sponsor
                )
            } catch let error as MeshError {
                throw error
            } catch {
                throw MeshError(.malformed, "a next record: \(error)")
            }
        }
    }
}
