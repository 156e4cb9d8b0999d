import Core
import NIOCore

extension GatewayResponder {
    /// One block as it is; `codec` is the one that the client asked for, `nil` for any.
    func blockResponse(_ ask: ContentRequest, codec: CID.Codec?, mediaType: String) async throws -> GatewayResponse {
        let blocks = access(for: ask)
        let (cid, roots) = try await blocks.run(bytes: 0...0) { try $0.terminal() }
        if let codec, cid.codec != codec {
            throw HTTPRefusal(
                .notAcceptable,
                "The block is not \(mediaType) and is not converted; ask for ?format=raw."
            )
        }
        let suffix = codec == nil ? "raw" : mediaType.split(separator: ".").last.map(String.init) ?? "block"
        let etag = "\"\(cid).\(suffix)\""
        let block = try await blocks.run(bytes: 0...0) { try $0.block(cid) }
        if let notModified = ask.notModified(etag: etag, roots: roots) { return notModified }
        let name = ask.wantedName ?? "\(cid).\(codec == nil ? "bin" : suffix)"
        var fields = [
            HTTPField("Content-Type", mediaType),
            HTTPField("Content-Disposition", ContentDisposition.field(name: name, isAttachment: true)),
        ]
        fields += ask.commonFields(etag: etag, roots: roots)
        fields.append(HTTPField("Accept-Ranges", "bytes"))
        return try await ranged(ask, etag: etag, fields, size: UInt64(block.readableBytes)) { range in
            let at = block.readerIndex + Int(range.lowerBound)
            return .bytes(block.getSlice(at: at, length: range.count) ?? ByteBuffer())
        }
    }
}
