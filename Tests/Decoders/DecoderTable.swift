import Core

/// Every decoder of the engines that takes bytes from a peer, a file or a person.
///
/// A test holds that no decoder is missing here (`DecoderTests`); `make fuzz` runs the same table.
public enum DecoderTable {
    public static func targets() throws -> [DecoderTarget] {
        try core() + content() + mesh() + owners() + namespace() + objects() + publishing() + exchange()
    }

    /// What earlier runs found, to be decoded again.
    public static func crashes(of target: String) throws -> [[UInt8]] { try SampleFiles.crashes(of: target) }

    private static func core() throws -> [DecoderTarget] {
        let key: SigningKey<NodeRole> = try SampleKeys.key(23)
        let cid = CID(hashing: [1, 2, 3], codec: .dagPB)
        let tree = CBOR.map([
            "array": .array([.unsigned(7), .negative(300), .bool(false), .null, .double(1.5)]), "link": .link(cid),
            "text": .text("été"), "bytes": .bytes([1, 2, 3]),
        ])
        let envelope = SignedEnvelope(signing: [1, 2, 3], in: SignatureDomain("fuzz"), with: key).encoded
        return [
            DecoderTarget("CBOR", [DecoderSample(tree.encoded())]) { try CBOR(decoding: $0).encoded() },
            DecoderTarget("CBORFields", [DecoderSample(tree.encoded())]) { bytes in
                let fields = try CBORFields(decoding: bytes, of: "sample")
                _ = try? fields.array("array", max: 3)
                _ = try? fields.bytes("bytes", max: 3)
                _ = try? fields.text("text", max: 9)
                _ = try? fields.integer("array")
                _ = try? fields.link("link")
                return nil
            },
            DecoderTarget("SignedEnvelope", [DecoderSample(envelope)]) {
                try SignedEnvelope<NodeRole>(decoding: $0, in: SignatureDomain("fuzz")).encoded
            },
            DecoderTarget("CID", [DecoderSample(cid.bytes)]) { try CID(bytes: $0).bytes },
            DecoderTarget("CID text", text: [cid.description, "QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n"]) {
                Array(try CID($0).description.utf8)
            },
            DecoderTarget("KeyID", text: [key.id.description]) { Array(try NodeID($0).description.utf8) },
            DecoderTarget("Multibase", text: ["bmzxw6ytboi", "zUXE7GvtEk8XTXs1GF8HSGbVA9FCX9SEBPe", "f00ff", "k51"]) {
                _ = try Multibase.decode($0)
                return nil
            },
            DecoderTarget("Varint", [DecoderSample([0x80, 0x01])]) { bytes in
                var rest = bytes[...]
                var again: [UInt8] = []
                Varint.append(try Varint.read(from: &rest), to: &again)
                return again
            },
        ]
    }
}
