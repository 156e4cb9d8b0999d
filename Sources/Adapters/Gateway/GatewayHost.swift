import Core

/// A host name under which content has hosts of its own: `CID.ipfs.NAME`, `KEY.ipns.NAME`.
public struct SubdomainHost: Hashable, Sendable {
    /// Who is sent from `NAME/ipfs/CID` to `CID.ipfs.NAME`.
    public enum Redirect: Hashable, Sendable {
        /// Everyone: for public names, where sites must not share an origin.
        case always
        /// Browsers that navigate (their `Accept` names `text/html`); tools are answered in place.
        case navigations
        /// Nobody.
        case never
    }

    /// The name in lower case, without port.
    public var name: String
    public var redirect: Redirect

    public init(_ name: String, redirect: Redirect) {
        self.name = name.lowercased()
        self.redirect = redirect
    }

    /// `localhost`, which every system resolves with all its subdomains (RFC 6761).
    public static let localhost = SubdomainHost("localhost", redirect: .navigations)
}

/// The two kinds of roots that a path can begin with.
package enum Namespace: String, Sendable {
    case ipfs
    case ipns
}

/// What the host of a request says about its meaning.
package enum GatewayHost: Equatable, Sendable {
    /// Content is named in the path: an IP address, or a name without subdomains.
    case path
    /// As `path`, and content has its own hosts under this one.
    case parent(SubdomainHost.Redirect)
    /// The host names the content.
    case content(Namespace, label: String)

    /// - Parameter host: Host and port in lower case.
    package init(_ host: String, subdomainHosts: [SubdomainHost]) {
        let name = Self.withoutPort(host)
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        if labels.count >= 3, let namespace = Namespace(rawValue: String(labels[1])) {
            self = .content(namespace, label: String(labels[0]))
        } else if let parent = subdomainHosts.first(where: { $0.name == name }) {
            self = .parent(parent.redirect)
        } else {
            self = .path
        }
    }

    static func withoutPort(_ host: String) -> Substring {
        guard let colon = host.lastIndex(of: ":"), host.last != "]" else { return host[...] }
        return host[..<colon]
    }
}

/// What decides, besides method and target, which stored answer fits a request; found without touching the heap.
enum HostClass {
    /// Longest host that takes part in a key of the response cache.
    static let hostBytesMax = 255

    /// Whether the host is an address (`127.0.0.1:8080`, `[::1]`), which never names content.
    @inline(__always)
    static func isAddress(_ host: UnsafeRawBufferPointer) -> Bool {
        guard let first = host.first else { return true }
        guard first != 0x5B else { return true }
        for byte in host {
            switch byte {
            case 0x30...0x39, 0x2E, 0x3A: continue
            default: return false
            }
        }
        return true
    }
}
