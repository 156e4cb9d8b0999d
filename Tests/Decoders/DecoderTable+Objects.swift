import Core
import Objects

extension DecoderTable {
    private static func vector(_ name: String) throws -> [UInt8] { try SampleFiles.vector("ObjectsTests", name) }

    private static func plain(_ names: String...) throws -> [DecoderSample] {
        try names.map { DecoderSample(try vector($0)) }
    }

    static func objects() throws -> [DecoderTarget] {
        try statements() + messages()
    }

    /// What owners' devices and holders sign.
    private static func statements() throws -> [DecoderTarget] {
        let device = 22 as UInt8
        func signed(_ name: String, _ domain: String) throws -> DecoderSample {
            try resigned(vector(name), in: domain, by: SampleKeys.key(device))
        }
        let node: SigningKey<NodeRole> = try SampleKeys.key(23)
        let record = try SegmentRecord(decoding: vector("segment-v1"))
        let held = try DecoderSample.resigning(
            vector("piece-statement-v1"),
            in: "holdfast/piece-statement/1",
            by: node
        )
        return [
            DecoderTarget(
                "SegmentRecord",
                try plain("segment-v1", "segment-v1-public") + [signed("segment-v1", "holdfast/segment/1")]
            ) { try SegmentRecord(decoding: $0).bytes },
            DecoderTarget("LeaseRenewal", try plain("lease-v1") + [signed("lease-v1", "holdfast/lease/1")]) {
                try LeaseRenewal(decoding: $0).bytes
            },
            DecoderTarget("Tombstone", try plain("tombstone-v1") + [signed("tombstone-v1", "holdfast/tombstone/1")]) {
                try Tombstone(decoding: $0).bytes
            },
            DecoderTarget("Grant", try plain("grant-v1") + [signed("grant-v1", "holdfast/grant/1")]) {
                try Grant(decoding: $0).bytes
            },
            DecoderTarget(
                "PieceStatement",
                try plain("piece-statement-v1", "piece-statement-withdrawn-v1") + [held]
            ) { try PieceStatement(decoding: $0).bytes },
            DecoderTarget("StatementSet", try plain("statement-set-v1")) {
                let mesh = CID(hashing: Array("genesis".utf8), codec: .dagCBOR)
                let segment = SegmentID(hashing: Array("segment 1".utf8))
                return try StatementSet(
                    decoding: $0,
                    mesh: mesh,
                    segment: segment,
                    code: SegmentCode(dataCount: 1, totalCount: 3)
                ).encoded
            },
            DecoderTarget("SegmentID", text: [record.id.description]) {
                Array(try SegmentID($0).description.utf8)
            },
        ]
    }

    /// What nodes say to each other about pieces.
    private static func messages() throws -> [DecoderTarget] {
        [
            DecoderTarget("StorePart", try plain("store-part-v1", "store-part-later-v1")) {
                try StorePart(decoding: $0).encoded
            },
            DecoderTarget("StoreAnswer", try plain("store-answer-v1")) { try StoreAnswer(decoding: $0).encoded },
            DecoderTarget("PieceRead", try plain("piece-read-v1")) { try PieceRead(decoding: $0).encoded },
            DecoderTarget("PieceReadHead", try plain("piece-read-head-v1")) { bytes in
                guard let (head, count) = try PieceReadHead.read(from: bytes) else {
                    throw ObjectsError(.malformed, "the head is not whole")
                }
                _ = (head.root, head.range(ofUnit: 0), count)
                return head.encoded
            },
            DecoderTarget("HoldersRequest", try plain("holders-request-v1")) {
                try HoldersRequest(decoding: $0).encoded
            },
            DecoderTarget("HoldersAnswer", try plain("holders-answer-v1")) {
                try HoldersAnswer(decoding: $0, count: 3).encoded
            },
            DecoderTarget("SyncMessage", try plain("sync-request-v1")) {
                try SyncMessage(decoding: $0, as: .request).encoded
            },
            DecoderTarget("SyncMessage answer", try plain("sync-answer-v1")) {
                try SyncMessage(decoding: $0, as: .answer).encoded
            },
        ]
    }
}
