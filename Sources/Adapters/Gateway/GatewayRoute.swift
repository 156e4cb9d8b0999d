import Core

/// What a request is about: content, or one of the few answers that need none.
package enum GatewayRoute: Equatable, Sendable {
    case content(ContentAddress)
    /// 301 to this location.
    case redirect(String)
    /// The greeting at `/`.
    case home
    /// `/healthz`: the process accepts and answers.
    case health

    /// - Throws: ``HTTPRefusal`` 400 for a CID or name that is none, 404 for a path outside `/ipfs/` and `/ipns/`.
    package init(_ request: GatewayRequest, subdomainHosts: [SubdomainHost]) throws(HTTPRefusal) {
        let target = request.target
        let host = GatewayHost(request.forwardedHost ?? request.host, subdomainHosts: subdomainHosts)
        if case .content(let namespace, let label) = host, !Self.isPathStyle(target, label: label) {
            guard label.utf8.count <= 63 else {
                throw HTTPRefusal(.badRequest, "A DNS label has at most 63 characters; use the path form of the URL.")
            }
            let root = try ContentRoot(namespace, text: label)
            self = .content(ContentAddress(root: root, label: label, path: target.segments, target: target))
            return
        }
        guard let first = target.segments.first else {
            self = .home
            return
        }
        if first == "healthz", target.segments.count == 1 {
            self = .health
            return
        }
        guard let namespace = Namespace(rawValue: first) else {
            throw HTTPRefusal(.notFound, "Content is under /ipfs/CID or /ipns/NAME; there is nothing at this path.")
        }
        guard target.segments.count > 1 else {
            self = try Self.atNamespaceRoot(namespace, target)
            return
        }
        let text = target.segments[1]
        let root = try ContentRoot(namespace, text: text)
        if case .parent(let redirect) = host, Self.applies(redirect, to: request) {
            self = .redirect(try root.subdomainLocation(of: request))
            return
        }
        let path = Array(target.segments.dropFirst(2))
        self = .content(ContentAddress(root: root, label: text, path: path, target: target))
    }

    /// A host such as `my.ipfs.example.org` may simply be the name of a path gateway.
    private static func isPathStyle(_ target: RequestTarget, label: String) -> Bool {
        guard target.segments.count > 1, Namespace(rawValue: target.segments[0]) != nil else { return false }
        return (try? CID(label)) == nil
    }

    private static func applies(_ redirect: SubdomainHost.Redirect, to request: GatewayRequest) -> Bool {
        switch redirect {
        case .always: true
        case .navigations: request.accept?.contains("text/html") ?? false
        case .never: false
        }
    }

    /// `/ipfs/?uri=ipfs://CID/path`: where a browser sends what it registered this gateway for.
    private static func atNamespaceRoot(
        _ namespace: Namespace,
        _ target: RequestTarget
    ) throws(HTTPRefusal) -> GatewayRoute {
        guard let uri = target.parameter("uri") else {
            throw HTTPRefusal(
                .badRequest,
                "A \(namespace == .ipfs ? "CID" : "name") must follow /\(namespace.rawValue)/."
            )
        }
        for scheme in [Namespace.ipfs, .ipns] where uri.hasPrefix("\(scheme.rawValue)://") {
            let rest = uri.dropFirst(scheme.rawValue.count + 3)
            let path = PercentEncoding.encode(rest.utf8) { $0 > 0x20 && $0 < 0x7F && $0 != 0x22 }
            return .redirect("/\(scheme.rawValue)/\(path)")
        }
        throw HTTPRefusal(.badRequest, "The uri parameter must begin with ipfs:// or ipns://.")
    }
}

/// The root of a request for content.
package enum ContentRoot: Equatable, Sendable {
    case cid(CID)
    case name(PublisherID)

    init(_ namespace: Namespace, text: String) throws(HTTPRefusal) {
        switch namespace {
        case .ipfs:
            do {
                self = .cid(try CID(text))
            } catch {
                throw HTTPRefusal(
                    .badRequest,
                    "\"\(text.prefix(80))\" is not a CID that this gateway knows: \(error.message)."
                )
            }
        case .ipns:
            self = .name(try Self.name(text))
        }
    }

    private static func name(_ text: String) throws(HTTPRefusal) -> PublisherID {
        do {
            // A bare base58btc multihash (12D3Koo…) is the older text of the same key.
            guard text.hasPrefix("12D3") else { return try PublisherID(text) }
            return try PublisherID(cid: CID(bytes: [0x01, 0x72] + Multibase.base58btc.decodeBare(text)))
        } catch {
            let hint = text.contains(".") ? "DNS names are not followed here; use the site's k51… name" : error.message
            throw HTTPRefusal(.badRequest, "\"\(text.prefix(80))\" is not an IPNS name: \(hint).")
        }
    }

    /// Where the same content lies under its own host.
    fileprivate func subdomainLocation(of request: GatewayRequest) throws(HTTPRefusal) -> String {
        let (namespace, label) =
            switch self {
            case .cid(let cid): (Namespace.ipfs, Self.label(of: cid))
            case .name(let name): (Namespace.ipns, name.description)
            }
        guard label.utf8.count <= 63 else {
            throw HTTPRefusal(.badRequest, "This CID is too long for a host name; ask a gateway by its IP address.")
        }
        let proto = request.forwardedProto == "https" ? "https" : "http"
        let host = request.forwardedHost?.lowercased() ?? request.host
        guard host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x2F }) else {
            throw HTTPRefusal(.badRequest, "X-Forwarded-Host is not a host name.")
        }
        let path = request.target.rawPath.split(separator: "/", omittingEmptySubsequences: false).dropFirst(3)
        let query = request.target.rawQuery.map { "?" + $0 } ?? ""
        return "\(proto)://\(label).\(namespace.rawValue).\(host)/\(path.joined(separator: "/"))\(query)"
    }

    /// A case-insensitive text: base32, or base36 where that is too long.
    private static func label(of cid: CID) -> String {
        let bytes = cid.version == 1 ? cid.bytes : CID(codec: cid.codec, hash: cid.hash).bytes
        let text = Multibase.base32.encode(bytes)
        return text.utf8.count <= 63 ? text : Multibase.base36.encode(bytes)
    }
}

/// A root and the path below it, and how the client wrote them.
package struct ContentAddress: Equatable, Sendable {
    package var root: ContentRoot
    /// The root's text as the client sent it.
    package var label: String
    /// Decoded names below the root.
    package var path: [String]
    package var target: RequestTarget

    /// The value of `X-Ipfs-Path`: the path from the namespace on, percent-encoded where a field needs it.
    package var ipfsPath: String {
        let namespace =
            switch root {
            case .cid: Namespace.ipfs
            case .name: Namespace.ipns
            }
        let names = path.map { name in
            PercentEncoding.encode(name.utf8) { $0 > 0x20 && $0 < 0x7F && $0 != 0x25 }
        }
        let slash = target.endsInSlash && !path.isEmpty ? "/" : ""
        return "/\(namespace.rawValue)/" + ([label] + names).joined(separator: "/") + slash
    }
}
