import Content
import Core
import Testing

@Suite struct DAGPBTests {
    private let link = DAGPBLink(cid: rawCID(1), name: "a", tsize: 300)

    /// A length-delimited field.
    private func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
        [number << 3 | 2, UInt8(content.count)] + content
    }

    @Test func emptyNode_encoded_isEmptyBlock() throws {
        let node = DAGPBNode(links: [], data: nil)
        #expect(node.encoded.isEmpty)
        #expect(try CID("QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n").matches(node.encoded))
        #expect(try DAGPBNode(decoding: []) == node)
    }

    @Test func node_encodedAndDecoded_isTheSame() throws {
        let nameless = DAGPBLink(cid: rawCID(2), name: "", tsize: 0)
        for node in [
            DAGPBNode(links: [link, nameless], data: [1, 2, 3]), DAGPBNode(links: [link], data: nil),
            DAGPBNode(links: [], data: []),
        ] {
            #expect(try DAGPBNode(decoding: node.encoded) == node)
            #expect(node.encodedByteCount == node.encoded.count)
        }
    }

    @Test func link_encoded_alwaysHasNameAndTsize() {
        let node = DAGPBNode(links: [DAGPBLink(cid: rawCID(2), name: "", tsize: 0)], data: [7])
        let inner = field(1, rawCID(2).bytes) + [0x12, 0x00, 0x18, 0x00]
        #expect(node.encoded == field(2, inner) + field(1, [7]))
    }

    @Test func data_beforeLinks_isAccepted() throws {
        let inner = field(1, link.cid.bytes) + field(2, [0x61]) + [0x18, 0xAC, 0x02]
        let node = try DAGPBNode(decoding: field(1, [9]) + field(2, inner))
        #expect(node == DAGPBNode(links: [link], data: [9]))
    }

    @Test func wrongNodes_decoded_areMalformed() {
        let cid = field(1, link.cid.bytes)
        let good = field(2, cid)
        let wrong: [[UInt8]] = [
            field(1, [1]) + field(1, [2]),  // data twice
            good + field(1, [1]) + good,  // links on both sides
            field(3, [1]),  // unknown field
            [0x08, 0x01],  // data as a varint
            field(2, field(2, [0x61])),  // no hash
            field(2, field(2, [0x61]) + cid),  // name before hash
            field(2, cid + [0x18, 0x01] + field(2, [0x61])),  // tsize before name
            field(2, cid + cid),
            field(2, cid + field(4, [1])),
            field(2, cid + field(2, [0xFF])),  // not UTF-8
            field(2, field(1, [1, 2, 3])),  // no CID
            [0x0A, 0x81, 0x00, 0x01],  // length not minimal
            [0x0A] + [UInt8](repeating: 0xFF, count: 9) + [0x01],  // length of 2^64 - 1
            [0x0A] + [UInt8](repeating: 0xFF, count: 10) + [0x01],
            [0x0B], [0x0C], [0x02, 0x00],
        ]
        for bytes in wrong {
            #expect(code { _ = try DAGPBNode(decoding: bytes) } == .malformed, "\(bytes)")
        }
    }

    @Test func damagedNode_decoded_neverEqualsOriginal() {
        let node = DAGPBNode(links: [link, DAGPBLink(cid: rawCID(2), name: "bb", tsize: .max)], data: [1, 2, 3])
        for bytes in damaged(node.encoded) {
            #expect((try? DAGPBNode(decoding: bytes)) != node)
        }
    }
}
