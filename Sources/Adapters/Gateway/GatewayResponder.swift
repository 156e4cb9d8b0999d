import Core
import NIOCore

/// Turns a request into an answer: what is asked for, in which form, and where its bytes come from.
///
/// Runs outside the event loops; whatever waits for the disk runs on the disk's threads.
struct GatewayResponder: Sendable {
    let source: any ContentSource
    let disk: DiskReader
    let subdomainHosts: [SubdomainHost]

    /// The answer to `request`; failures are answers, too.
    func respond(to request: GatewayRequest) async -> GatewayResponse {
        do {
            return try await answer(request)
        } catch let refusal as HTTPRefusal {
            return GatewayResponse(refusal)
        } catch let unavailable as ContentUnavailable {
            return GatewayResponse(HTTPRefusal(unavailable))
        } catch {
            return GatewayResponse(HTTPRefusal(.internalError, "The gateway could not read this content: \(error)."))
        }
    }

    private func answer(_ request: GatewayRequest) async throws -> GatewayResponse {
        guard request.method != .options else {
            return GatewayResponse(.noContent, fields: [HTTPField("Allow", "GET, HEAD, OPTIONS")], length: nil)
        }
        switch try GatewayRoute(request, subdomainHosts: subdomainHosts) {
        case .home:
            return .sentence(.ok, "This is a Holdfast gateway: ask for /ipfs/CID/path or /ipns/NAME/path.")
        case .health:
            return .sentence(.ok, "ok", fields: [HTTPField("Cache-Control", "no-store")])
        case .redirect(let location):
            return .sentence(
                .movedPermanently,
                "The content is at \(location)",
                fields: [HTTPField("Location", location)]
            )
        case .content(let address):
            return try await answer(request, for: address)
        }
    }

    private func answer(_ request: GatewayRequest, for address: ContentAddress) async throws -> GatewayResponse {
        let negotiated = try NegotiatedFormat(request.target, accept: request.accept)
        if request.serviceWorkerScript, address.path.isEmpty, !request.target.endsInSlash {
            throw HTTPRefusal(
                .badRequest,
                "A service worker may not take the whole gateway: register it under a path of its own."
            )
        }
        var ask = ContentRequest(request: request, address: address, negotiated: negotiated)
        switch address.root {
        case .cid(let cid):
            guard negotiated.format != .ipnsRecord else {
                throw HTTPRefusal(.badRequest, "An ipns-record is asked for under /ipns/NAME.")
            }
            ask.root = cid
        case .name(let name):
            guard let resolution = await source.resolve(name) else {
                throw HTTPRefusal(
                    .notFound,
                    "No node that can be reached knows what \(name) points to; check the name or ask again."
                )
            }
            ask.root = resolution.root
            ask.nameTTL = max(0, resolution.ttl)
            if negotiated.format == .ipnsRecord { return try recordResponse(ask, name, resolution) }
        }
        try await checkOnlyIfCached(ask)
        switch negotiated.format {
        case .deserialized: return try await entityResponse(ask)
        case .raw: return try await blockResponse(ask, codec: nil, mediaType: "application/vnd.ipld.raw")
        case .block(let codec, let mediaType): return try await blockResponse(ask, codec: codec, mediaType: mediaType)
        case .car(let parameters): return try await carResponse(ask, parameters)
        case .notOffered(let name):
            throw HTTPRefusal(.notAcceptable, "The format \(name) is not offered; use raw or car.")
        case .ipnsRecord: throw HTTPRefusal(.badRequest, "An ipns-record is asked for under /ipns/NAME.")
        }
    }

    private func checkOnlyIfCached(_ ask: ContentRequest) async throws {
        guard ask.request.onlyIfCached else { return }
        let (source, root) = (source, ask.root)
        guard try await disk.run({ source.isLocalRoot(root) }) else {
            throw HTTPRefusal(.preconditionFailed, "The content is not on this gateway.")
        }
    }

    private func recordResponse(
        _ ask: ContentRequest,
        _ name: PublisherID,
        _ resolution: NameResolution
    ) throws -> GatewayResponse {
        guard ask.address.path.isEmpty else {
            throw HTTPRefusal(.badRequest, "An ipns-record belongs to a name; ask for it without a path.")
        }
        let etag = "\"\(Multibase.base16.encode(Digest(hashing: resolution.record).bytes.prefix(16))).ipns-record\""
        if let notModified = ask.notModified(etag: etag) { return notModified }
        var fields = [
            HTTPField("Content-Type", "application/vnd.ipfs.ipns-record"),
            HTTPField(
                "Content-Disposition",
                ContentDisposition.field(name: "\(name).ipns-record", isAttachment: true)
            ),
        ]
        fields += ask.commonFields(etag: etag, roots: [])
        let body = ByteBuffer(bytes: resolution.record)
        return GatewayResponse(
            .ok,
            fields: fields,
            length: UInt64(body.readableBytes),
            body: .bytes(body),
            reuse: ask.reuse
        )
    }
}

extension HTTPRefusal {
    /// What a client is told when content cannot be had.
    init(_ unavailable: ContentUnavailable) {
        let status: HTTPStatus =
            switch unavailable.code {
            case .notFound: .notFound
            case .timedOut: .gatewayTimeout
            case .unverifiable: .badGateway
            default: .unavailable
            }
        self.init(status, unavailable.message)
    }
}

/// A request for content, once it is known what it is about.
struct ContentRequest: Sendable {
    let request: GatewayRequest
    let address: ContentAddress
    let negotiated: NegotiatedFormat
    /// The CID that the path begins at; for a name, what it points to now.
    var root: CID
    /// How long the name's answer may be used, in seconds; `nil` under `/ipfs/`.
    var nameTTL: Int?

    init(request: GatewayRequest, address: ContentAddress, negotiated: NegotiatedFormat) {
        self.request = request
        self.address = address
        self.negotiated = negotiated
        root = CID(codec: .raw, hash: .identity([]))
    }

    /// A third of a year: content behind a CID never changes (IPFS path gateway specification).
    static let immutable = "public, max-age=29030400, immutable"
    /// A listing's look may change with the gateway.
    static let listing = "public, max-age=604800, stale-while-revalidate=2678400"

    var reuse: GatewayResponse.Reuse { nameTTL == nil ? .always : .briefly }

    var cacheControl: String {
        nameTTL.map { "public, max-age=\($0)" } ?? Self.immutable
    }

    /// The fields that every answer with content carries.
    func commonFields(etag: String, roots: [CID], cacheControl: String? = nil) -> [HTTPField] {
        var fields = [
            HTTPField("ETag", etag),
            HTTPField("Cache-Control", cacheControl ?? self.cacheControl),
            HTTPField("X-Ipfs-Path", address.ipfsPath),
        ]
        if !roots.isEmpty {
            fields.append(HTTPField("X-Ipfs-Roots", roots.map(\.description).joined(separator: ",")))
        }
        if let format = negotiated.chosenByAccept {
            let query = request.target.rawQuery.map { "&" + $0 } ?? ""
            fields.append(HTTPField("Content-Location", "\(request.target.rawPath)?format=\(format)\(query)"))
            fields.append(HTTPField("Vary", "Accept"))
        }
        return fields
    }

    /// 304 when the client already has what `etag` names.
    func notModified(etag: String, roots: [CID] = [], cacheControl: String? = nil) -> GatewayResponse? {
        guard let field = request.ifNoneMatch, EntityTag.field(field, names: etag) else { return nil }
        return GatewayResponse(
            .notModified,
            fields: commonFields(etag: etag, roots: roots, cacheControl: cacheControl),
            length: nil
        )
    }

    /// The file name that the client asked for, if it did.
    var wantedName: String? {
        request.target.parameter("filename").flatMap { $0.isEmpty ? nil : $0 }
    }
}
