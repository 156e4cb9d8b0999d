import Core
import Exchange
import Publishing

extension DecoderTable {
    static func publishing() throws -> [DecoderTarget] {
        let publisher: SigningKey<PublisherRole> = try SampleKeys.key(11)
        let sponsor: SigningKey<OperatorRole> = try SampleKeys.key(12)
        let node: SigningKey<NodeRole> = try SampleKeys.key(13)
        func vector(_ name: String) throws -> [UInt8] { try SampleFiles.vector("PublishingTests", name) }
        func both(_ name: String, _ domain: String) throws -> [DecoderSample] {
            let bytes = try vector(name)
            let outer = SignatureDomain("\(domain)-sponsor/1")
            let inner = try SignedEnvelope<OperatorRole>(decoding: bytes, in: outer).payload
            return [
                DecoderSample(bytes),
                try DecoderSample.resigning(inner, in: "\(domain)/1", by: publisher)
                    .resigned(in: outer.name, by: sponsor),
            ]
        }
        let holding = try vector("holding-v1")
        return [
            DecoderTarget(
                "PublicationRecord",
                try both("publication-v1", "holdfast/publication")
                    + both("publication-v1-unpublished", "holdfast/publication")
            ) { try PublicationRecord(decoding: $0).bytes },
            DecoderTarget(
                "FloorRecord",
                try both("floor-v1", "holdfast/floor") + both("floor-v1-ended", "holdfast/floor")
            ) { try FloorRecord(decoding: $0).bytes },
            DecoderTarget(
                "HoldingRecord",
                [DecoderSample(holding), try .resigning(holding, in: "holdfast/holding/1", by: node)]
            ) { try HoldingRecord(decoding: $0).bytes },
        ]
    }

    static func exchange() throws -> [DecoderTarget] {
        let cid = CID(hashing: [1], codec: .raw)
        let requests: [ExchangeRequest] = [
            .blocks([cid, cid]), .have([cid]), .entity(root: cid, path: ["a", "b"], bytes: 3...9),
            .entity(root: cid, path: [], bytes: nil), .hold(publication: [1, 2]), .admit(admission: [3]),
        ]
        let flags = Availability([true, false, true])
        return [
            DecoderTarget(
                "ExchangeRequest",
                requests.map { request in
                    // The path and the body, as the transport hands them over.
                    let path = Array(request.path.utf8)
                    return DecoderSample(request.encoded) { [UInt8(path.count)] + path + $0 }
                }
            ) { bytes in
                let length = Int(bytes.first ?? 0)
                let path = String(decoding: bytes.dropFirst().prefix(length), as: UTF8.self)
                let body = Array(bytes.dropFirst(1 + length))
                guard let request = try ExchangeRequest.decode(path: path, body: body) else { return nil }
                return [UInt8(path.utf8.count)] + Array(request.path.utf8) + request.encoded
            },
            DecoderTarget("Availability", [DecoderSample(flags.encoded)]) {
                try Availability(decoding: $0, count: 3).encoded
            },
        ]
    }
}
