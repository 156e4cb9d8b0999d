import Content
import Core

extension DecoderTable {
    static func content() throws -> [DecoderTarget] {
        let nodes = try sampleNodes()
        let targets = [
            DecoderTarget("DAGPBNode", nodes.map { DecoderSample($0.encoded) }) { try DAGPBNode(decoding: $0).encoded },
            DecoderTarget("UnixFSData", nodes.compactMap { $0.data.map { DecoderSample($0) } }) {
                try UnixFSData(decoding: $0).encoded
            },
            DecoderTarget("UnixFSNode", nodes.map { DecoderSample($0.encoded) }) { bytes in
                let block = Block(hashing: bytes, codec: .dagPB)
                if case .shard(let shard) = try UnixFSNode(block) { _ = shard.slot(at: 0) }
                return nil
            },
            DecoderTarget("CARReader", try sampleArchives()) { bytes in
                var reader = CARReader()
                reader.feed(bytes)
                while try reader.next() != nil {}
                try reader.finish()
                return nil
            },
            DecoderTarget("Timestamp", text: ["2126-03-01T12:00:00.123000000Z", "2025-02-28T23:59:59+14:00"]) { text in
                let timestamp = try Timestamp(parsing: Array(text.utf8))
                _ = timestamp.instant
                return Array(timestamp.description.utf8)
            },
        ]
        return targets + [try ipns()]
    }

    private static func sampleNodes() throws -> [DAGPBNode] {
        let cid = CID(hashing: [1], codec: .raw)
        let link = DAGPBLink(cid: cid, name: "", tsize: 10)
        var shard = UnixFSData(kind: .hamtShard, data: [0b101])
        shard.hashType = HAMTShard.hashType
        shard.fanout = 256
        var aged = UnixFSData(kind: .file, data: [1, 2], fileSize: 12, blockSizes: [10])
        aged.mode = 0o644
        let folder = try DirectoryBuilder.build([DirectoryEntry(name: "a", cid: cid, tsize: 3)])
        let slots = ["00a", "02b"].map { DAGPBLink(cid: cid, name: $0, tsize: 1) }
        return try folder.blocks.map { try DAGPBNode(decoding: $0.bytes) } + [
            DAGPBNode(links: [link], data: aged.encoded),
            DAGPBNode(links: slots, data: shard.encoded),
            DAGPBNode(links: [], data: UnixFSData(kind: .symlink, data: Array("../a".utf8)).encoded),
        ]
    }

    private static func sampleArchives() throws -> [DecoderSample] {
        let block = Block(hashing: Array("a block".utf8), codec: .raw)
        let bytes =
            CARHeader(root: block.cid).encoded + CARWriter.sectionHead(block.cid, dataCount: block.bytes.count)
            + block.bytes
        return [DecoderSample(bytes), DecoderSample(CARHeader(roots: [block.cid, block.cid]).encoded)]
    }

    /// IPNS records as others made them, and with what is signed changed before it is signed.
    private static func ipns() throws -> DecoderTarget {
        let key: SigningKey<PublisherRole> = try SigningKey(seed: 0..<32)
        var samples = try ["v1-v2", "v1-v2-broken-signature-v1", "v2-only"].map {
            DecoderSample(try SampleFiles.line($0, of: "ipns-records", in: "ContentTests"))
        }
        let root = CID(hashing: [1], codec: .dagPB)
        let data = CBOR.map([
            "Value": .bytes(Array("/ipfs/\(root)".utf8)), "Validity": .bytes(Array("2126-03-01T12:00:00Z".utf8)),
            "ValidityType": .unsigned(0), "Sequence": .unsigned(7), "TTL": .unsigned(300_000_000_000),
        ])
        samples.append(
            DecoderSample(data.encoded()) { data in
                // IPNS: fields 8 (signatureV2) and 9 (data) of the protobuf message.
                let signature = key.signature(over: Array("ipns-signature:".utf8) + data)
                var bytes: [UInt8] = []
                for (tag, content) in [(UInt8(8 << 3 | 2), signature), (UInt8(9 << 3 | 2), data)] {
                    bytes.append(tag)
                    Varint.append(UInt64(content.count), to: &bytes)
                    bytes += content
                }
                return bytes
            }
        )
        return DecoderTarget("IPNSRecord", samples) { bytes in
            let record = try IPNSRecord(decoding: bytes, name: key.id)
            _ = (record.root, record.ttl, record.validity.instant)
            return record.bytes
        }
    }
}
