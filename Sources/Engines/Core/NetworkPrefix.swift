/// The network that an observed address lies in: its IPv4 /24 or IPv6 /48.
///
/// Only addresses that the whole internet can route have one. Loopback, link-local, private, unique-local, shared
/// (CGNAT), multicast and reserved addresses say nothing about who shares a failure, so they count as unobserved.
/// Source: IANA IPv4 and IPv6 special-purpose address registries (RFC 6890), RFC 6598, RFC 4193.
public struct NetworkPrefix: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The network bytes: 3 for an IPv4 /24, 6 for an IPv6 /48.
    public let bytes: [UInt8]

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The prefix of an address as text, without a port; `nil` when it is not global or no address at all.
    ///
    /// An IPv4 address inside an IPv6 one (`::ffff:a.b.c.d`, `64:ff9b::/96`) is judged as IPv4. A zone (`%eth0`) is ignored.
    public init?(address text: some StringProtocol) {
        guard let octets = IPAddressText.octets(text) else { return nil }
        switch octets.count {
        case 4: self.init(v4: octets)
        default: self.init(v6: octets)
        }
    }

    private init?(v4 octets: [UInt8]) {
        let (first, second) = (octets[0], octets[1])
        switch (first, second) {
        case (0, _), (10, _), (127, _), (224..., _): return nil
        case (100, 64...127), (169, 254), (172, 16...31), (192, 168), (198, 18...19): return nil
        case (192, 0) where octets[2] == 0: return nil
        default: self.init(bytes: Array(octets[0..<3]))
        }
    }

    private init?(v6 octets: [UInt8]) {
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
        let translated: [UInt8] = [0x00, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0]
        if octets.starts(with: mapped) || octets.starts(with: translated) {
            self.init(v4: Array(octets[12...]))
            return
        }
        // Global unicast is 2000::/3; everything else is unspecified, loopback, fc00::/7, fe80::/10 or multicast.
        guard octets[0] & 0xE0 == 0x20 else { return nil }
        self.init(bytes: Array(octets[0..<6]))
    }

    /// `203.0.113.0/24` or `2001:db8:1::/48`.
    public var description: String {
        if bytes.count == 3 { return bytes.map { String($0) }.joined(separator: ".") + ".0/24" }
        let groups = stride(from: 0, to: 6, by: 2).map { index in
            String(UInt16(bytes[index]) << 8 | UInt16(bytes[index + 1]), radix: 16)
        }
        return groups.joined(separator: ":") + "::/48"
    }

    public static func < (lhs: Self, rhs: Self) -> Bool { lhs.bytes.lexicographicallyPrecedes(rhs.bytes) }
}
