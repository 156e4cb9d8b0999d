import Content
import Core
import NIOCore

extension GatewayResponder {
    /// The blocks with which a client can verify content, as a CAR stream in depth-first order without duplicates.
    func carResponse(_ ask: ContentRequest, _ parameters: CARRequest) async throws -> GatewayResponse {
        let blocks = access(for: ask)
        let (cid, roots) = try await blocks.run { try $0.terminal() }
        let etag = "W/\"\(cid).car.\(Self.variant(ask, parameters))\""
        if let notModified = ask.notModified(etag: etag, roots: roots) { return notModified }
        let selection = TrustlessSelection(
            root: ask.root,
            path: ask.address.path,
            scope: parameters.scope,
            bytes: parameters.entityBytes
        )
        let body = CARBody(blocks: blocks, selection: selection)
        var fields = [
            HTTPField("Content-Type", "application/vnd.ipld.car; version=1; order=dfs; dups=n"),
            HTTPField(
                "Content-Disposition",
                ContentDisposition.field(name: ask.wantedName ?? "\(ask.root).car", isAttachment: true)
            ),
        ]
        fields += ask.commonFields(etag: etag, roots: roots)
        fields.append(HTTPField("Accept-Ranges", "none"))
        guard ask.request.method == .get else {
            return GatewayResponse(.ok, fields: fields, length: nil)
        }
        return GatewayResponse(.ok, fields: fields, length: nil, body: .stream(try await body.stream()))
    }

    /// Tells apart the CARs that end at the same CID: by what proves it, and by how much of it they hold.
    private static func variant(_ ask: ContentRequest, _ parameters: CARRequest) -> String {
        var hasher = Hasher256()
        let range = parameters.entityBytes.map { "\($0.from):\($0.to.map(String.init) ?? "*")" } ?? ""
        hasher.update(Array("\(ask.root)\n\(parameters.scope.rawValue)\n\(range)".utf8))
        for name in ask.address.path { hasher.update(Array("\n\(name)".utf8)) }
        return Multibase.base32.encodeBare(hasher.finalize().bytes.prefix(10))
    }
}

/// The body of a CAR response.
struct CARBody: Sendable {
    /// About how many bytes of blocks are read and sent at a time.
    static let groupBytes = 1 << 20
    /// Most blocks in one group.
    static let groupBlocksMax = 256
    /// How many blocks the first look at the selection names; each later look names twice as many, so that walking
    /// again over what was sent costs no more than the walk itself.
    static let firstLookBlocks = 512

    let blocks: BlockAccess
    let selection: TrustlessSelection

    /// The stream, once its first group of blocks is there: who has nothing must not answer 200.
    func stream() async throws -> BodyStream {
        let cids = try await select(skipping: 0, count: Self.firstLookBlocks)
        let first = try await group(cids[...])
        return BodyStream { writer in
            var head = ByteBuffer(bytes: CARHeader(root: selection.root).encoded)
            var bytes = first.bytes
            head.writeBuffer(&bytes)
            try await writer.write(head)
            try await send(cids, from: first.count, to: writer)
        }
    }

    private func send(_ firstLook: [CID], from start: Int, to writer: BodyWriter) async throws {
        var (cids, position, looked, total) = (firstLook, start, Self.firstLookBlocks, firstLook.count)
        while true {
            while position < cids.count {
                let group = try await group(cids[position...])
                position += group.count
                try await writer.write(group.bytes)
            }
            guard cids.count == looked else { return }
            looked = total
            cids = try await select(skipping: total, count: looked)
            total += cids.count
            position = 0
        }
    }

    /// The next `count` blocks of the selection behind the first `skipped`.
    private func select(skipping skipped: Int, count: Int) async throws -> [CID] {
        struct Enough: Error {}
        let selection = selection
        return try await blocks.run { blocks in
            var cids: [CID] = []
            var index = 0
            do {
                try selection.blocks(read: blocks.inner) { cid in
                    if index >= skipped { cids.append(cid) }
                    index += 1
                    if cids.count == count { throw Enough() }
                }
            } catch is Enough {}
            return cids
        }
    }

    /// The sections of the first blocks of `cids`, and how many they are.
    private func group(_ cids: ArraySlice<CID>) async throws -> (bytes: ByteBuffer, count: Int) {
        let wanted = cids.prefix(Self.groupBlocksMax)
        return try await blocks.run { blocks in
            var bytes = ByteBuffer()
            var count = 0
            var missing: [CID] = []
            for cid in wanted where bytes.readableBytes < Self.groupBytes {
                do {
                    let block = try blocks.block(cid)
                    bytes.writeBytes(CARWriter.sectionHead(cid, dataCount: block.readableBytes))
                    bytes.writeImmutableBuffer(block)
                    count += 1
                } catch let error as MissingBlocks {
                    missing += error.cids
                }
            }
            guard missing.isEmpty else { throw MissingBlocks(cids: missing) }
            return (bytes, count)
        }
    }
}
