import Core
import NIOCore

extension GatewayResponder {
    /// Answers as a web server would: a file, a page, a listing, a link's target.
    func entityResponse(_ ask: ContentRequest) async throws -> GatewayResponse {
        let blocks = access(for: ask)
        let entity = try await blocks.run(bytes: Self.firstBytes(of: ask)) { try $0.entity() }
        switch entity.kind {
        case .file(let size):
            return try await fileResponse(ask, entity, size: size, name: ask.address.path.last, blocks)
        case .directory:
            return try await directoryResponse(ask, entity, blocks)
        case .symlink(let target):
            return linkResponse(ask, entity, target)
        case .block:
            guard entity.cid.codec == .dagCBOR else {
                throw HTTPRefusal(.notAcceptable, "This content is no file; ask for it with ?format=raw.")
            }
            return try await blockResponse(ask, codec: .dagCBOR, mediaType: "application/vnd.ipld.dag-cbor")
        }
    }

    func access(for ask: ContentRequest) -> BlockAccess {
        BlockAccess(source: source, disk: disk, root: ask.root, path: ask.address.path)
    }

    /// What part of a file the answer begins with, before the file's size is known.
    static func firstBytes(of ask: ContentRequest) -> ClosedRange<UInt64> {
        guard ask.request.method == .get else { return 0...UInt64(ContentType.sniffBytesMax - 1) }
        let window = FileBody.windowBytes
        // A range that is counted from the end begins far behind every real file when the length is the largest.
        guard case .part(let part) = ByteRangeRequest(ask.request.range, length: .max), part.lowerBound < .max / 2
        else {
            return 0...window - 1
        }
        return part.lowerBound...min(part.upperBound, part.lowerBound + window - 1)
    }

    // MARK: - Files

    private func fileResponse(
        _ ask: ContentRequest,
        _ entity: Entity,
        size: UInt64,
        name: String?,
        _ blocks: BlockAccess
    ) async throws -> GatewayResponse {
        let etag = "\"\(entity.cid)\""
        if let notModified = ask.notModified(etag: etag, roots: entity.roots) { return notModified }
        let file = FileBody(blocks: blocks, file: entity.cid, size: size)
        var fields = [HTTPField("Content-Type", try await contentType(ask, name: name, file))]
        if let disposition = disposition(ask, name: name, entity.cid) {
            fields.append(HTTPField("Content-Disposition", disposition))
        }
        fields += ask.commonFields(etag: etag, roots: entity.roots)
        fields.append(HTTPField("Accept-Ranges", "bytes"))
        return try await ranged(ask, etag: etag, fields, size: size) { range in
            try await file.body(for: range)
        }
    }

    /// Answers with all of `size` bytes, or with the part that was asked for.
    func ranged(
        _ ask: ContentRequest,
        etag: String,
        _ fields: [HTTPField],
        size: UInt64,
        body: (ClosedRange<UInt64>) async throws -> GatewayResponse.Body
    ) async throws -> GatewayResponse {
        let isAllowed = ask.request.ifRange.map { EntityTag.ifRange($0, allows: etag) } ?? true
        let isGet = ask.request.method == .get
        switch ByteRangeRequest(isAllowed ? ask.request.range : nil, length: size) {
        case .whole:
            let body = isGet && size > 0 ? try await body(0...size - 1) : .bytes(ByteBuffer())
            return GatewayResponse(.ok, fields: fields, length: size, body: body, reuse: ask.reuse)
        case .part(let range):
            let part = HTTPField("Content-Range", "bytes \(range.lowerBound)-\(range.upperBound)/\(size)")
            return GatewayResponse(
                .partialContent,
                fields: fields + [part],
                length: range.upperBound - range.lowerBound + 1,
                body: isGet ? try await body(range) : .empty
            )
        case .unsatisfiable:
            return .sentence(
                .rangeNotSatisfiable,
                "The content has \(size) bytes; the range lies outside.",
                fields: [HTTPField("Content-Range", "bytes */\(size)")]
            )
        }
    }

    private func contentType(_ ask: ContentRequest, name: String?, _ file: FileBody) async throws -> String {
        for candidate in [ask.wantedName, name] {
            if let type = candidate.flatMap(ContentType.of(name:)) { return type }
        }
        guard file.size > 0 else { return "text/plain; charset=utf-8" }
        let start = try await file.bytes(0...min(file.size, UInt64(ContentType.sniffBytesMax)) - 1)
        return ContentType.sniff(start.readableBytesView, of: file.size)
    }

    private func disposition(_ ask: ContentRequest, name: String?, _ cid: CID) -> String? {
        let isDownload = ask.request.target.parameter("download") == "true"
        guard isDownload || ask.wantedName != nil else { return nil }
        return ContentDisposition.field(name: ask.wantedName ?? name ?? "\(cid)", isAttachment: isDownload)
    }

    // MARK: - Links

    /// A link is never followed: its answer says where it points to.
    private func linkResponse(_ ask: ContentRequest, _ entity: Entity, _ target: String) -> GatewayResponse {
        let etag = "\"\(entity.cid)\""
        if let notModified = ask.notModified(etag: etag, roots: entity.roots) { return notModified }
        let body = ByteBuffer(string: target)
        return GatewayResponse(
            .ok,
            fields: [HTTPField("Content-Type", "inode/symlink")] + ask.commonFields(etag: etag, roots: entity.roots),
            length: UInt64(body.readableBytes),
            body: .bytes(body),
            reuse: ask.reuse
        )
    }

    // MARK: - Directories

    private func directoryResponse(
        _ ask: ContentRequest,
        _ entity: Entity,
        _ blocks: BlockAccess
    ) async throws -> GatewayResponse {
        guard ask.request.target.endsInSlash else {
            let query = ask.request.target.rawQuery.map { "?" + $0 } ?? ""
            let location = "\(ask.request.target.rawPath)/\(query)"
            return .sentence(
                .movedPermanently,
                "The directory is at \(location)",
                fields: [HTTPField("Location", location)]
            )
        }
        let index = try await blocks.run { try $0.child(named: "index.html", of: entity) }
        if let index, case .file(let size) = index.kind {
            let page = BlockAccess(
                source: source,
                disk: disk,
                root: ask.root,
                path: ask.address.path + ["index.html"]
            )
            return try await fileResponse(ask, index, size: size, name: "index.html", page)
        }
        let etag = DirectoryListing.etag(of: entity.cid)
        let caching = ask.nameTTL == nil ? ContentRequest.listing : ask.cacheControl
        if let notModified = ask.notModified(etag: etag, roots: entity.roots, cacheControl: caching) {
            return notModified
        }
        let (entries, isCut) = try await blocks.run { blocks in
            try blocks.entries(of: entity.cid, max: DirectoryListing.entriesMax)
        }
        let listing = DirectoryListing(
            path: Self.displayPath(ask.address),
            cid: entity.cid,
            hasParent: !ask.address.path.isEmpty,
            entries: entries,
            isCut: isCut
        )
        let body = ByteBuffer(string: listing.html)
        let fields = [
            HTTPField("Content-Type", "text/html; charset=utf-8"),
            HTTPField("Content-Security-Policy", DirectoryListing.contentSecurityPolicy),
        ]
        return GatewayResponse(
            .ok,
            fields: fields + ask.commonFields(etag: etag, roots: entity.roots, cacheControl: caching),
            length: UInt64(body.readableBytes),
            body: .bytes(body),
            reuse: ask.reuse
        )
    }

    private static func displayPath(_ address: ContentAddress) -> String {
        let namespace =
            switch address.root {
            case .cid: Namespace.ipfs
            case .name: Namespace.ipns
            }
        return "/" + ([namespace.rawValue, address.label] + address.path).joined(separator: "/") + "/"
    }
}
