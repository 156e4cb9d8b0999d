import Glibc

/// An IP address and a port, written `127.0.0.1:8080` or `[::1]:8080`.
///
/// Names are refused on purpose: a node must start where no DNS answers.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// The address without brackets, as it was written.
    public let host: String
    /// 0 lets the system choose.
    public let port: UInt16

    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// - Throws: ``SettingsError`` `.invalidValue` unless `text` is an IP address, a colon and a port.
    public init(_ text: String) throws(SettingsError) {
        guard let colon = text.lastIndex(of: ":") else {
            throw Self.malformed(text, "the port is missing")
        }
        guard let port = UInt16(text[text.index(after: colon)...]) else {
            throw Self.malformed(text, "the port is no number from 0 to 65535")
        }
        var host = text[..<colon]
        let bracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if bracketed { host = host.dropFirst().dropLast() }
        if host == "localhost" { host = "127.0.0.1" }
        guard Self.isIPv4(String(host)) && !bracketed || Self.isIPv6(String(host)) && bracketed else {
            throw Self.malformed(text, "'\(host)' is no IP address")
        }
        self.init(host: String(host), port: port)
    }

    public var isIPv6: Bool { host.contains(":") }

    /// Whether only this machine can reach the address (127.0.0.0/8 and ::1).
    public var isLoopback: Bool { isIPv6 ? host == "::1" : host.hasPrefix("127.") }

    public var description: String { isIPv6 ? "[\(host)]:\(port)" : "\(host):\(port)" }

    private static func malformed(_ text: String, _ reason: String) -> SettingsError {
        SettingsError(
            .invalidValue,
            "'\(text)' is no address: \(reason); write ADDRESS:PORT, for example 127.0.0.1:8080 or [::1]:8080"
        )
    }

    private static func isIPv4(_ text: String) -> Bool {
        var address = in_addr()
        return inet_pton(AF_INET, text, &address) == 1
    }

    private static func isIPv6(_ text: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET6, text, &address) == 1
    }
}
