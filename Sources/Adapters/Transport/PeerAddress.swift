import NIOCore

/// Where a node listens: an IP address and a TCP port, never a host name, so that no DNS is needed.
///
/// Prints as `192.0.2.7:4100` or `[2001:db8::7]:4100`.
public struct PeerAddress: Hashable, Sendable, CustomStringConvertible {
    package let socket: SocketAddress

    /// Length in bytes of the longest text that is looked at.
    public static let textBytesMax = 64

    /// - Throws: ``TransportError`` `.invalidAddress` unless `text` is an IP address, a colon and a port (0 to 65535).
    public init(_ text: some StringProtocol) throws(TransportError) {
        guard text.utf8.count <= Self.textBytesMax, let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...]),
            let socket = Self.socket(host: text[..<colon], port: Int(port))
        else {
            let seen = String(text.prefix(Self.textBytesMax))
            throw TransportError(
                .invalidAddress,
                "'\(seen)' is not an IP address and port; write 192.0.2.7:4100 or [2001:db8::7]:4100"
            )
        }
        self.socket = socket
    }

    package init?(_ socket: SocketAddress?) {
        guard let socket, socket.port != nil, socket.ipAddress != nil else { return nil }
        self.socket = socket
    }

    private static func socket(host: some StringProtocol, port: Int) -> SocketAddress? {
        if host.hasPrefix("["), host.hasSuffix("]") {
            let inner = String(host.dropFirst().dropLast())
            return inner.contains(":") ? try? SocketAddress(ipAddress: inner, port: port) : nil
        }
        return host.contains(":") ? nil : try? SocketAddress(ipAddress: String(host), port: port)
    }

    /// The IP address as text, without brackets.
    public var host: String { socket.ipAddress ?? "" }

    /// The TCP port, 0 to 65535.
    public var port: Int { socket.port ?? 0 }

    public var description: String {
        if case .v6 = socket { return "[\(host)]:\(port)" }
        return "\(host):\(port)"
    }
}
