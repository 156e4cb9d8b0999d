import Glibc

/// The addresses at which this machine can be reached, for a node that listens on all of them.
enum LocalAddresses {
    /// - Returns: IP addresses of interfaces that are up, as text, loopback only when there is nothing else.
    static func all() -> [String] {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return ["127.0.0.1"] }
        defer { freeifaddrs(first) }
        var found: [String] = []
        var next = first
        while let interface = next?.pointee {
            next = interface.ifa_next
            guard interface.ifa_flags & UInt32(IFF_UP) != 0,
                interface.ifa_flags & UInt32(IFF_LOOPBACK) == 0,
                let address = interface.ifa_addr, let text = text(of: address), !found.contains(text)
            else { continue }
            found.append(text)
        }
        return found.isEmpty ? ["127.0.0.1"] : found
    }

    /// IPv4 first-class, IPv6 unless it is link-local, which needs a zone that means nothing elsewhere.
    private static func text(of address: UnsafeMutablePointer<sockaddr>) -> String? {
        let family = Int32(address.pointee.sa_family)
        let length: Int
        switch family {
        case AF_INET: length = MemoryLayout<sockaddr_in>.size
        case AF_INET6: length = MemoryLayout<sockaddr_in6>.size
        default: return nil
        }
        var buffer = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let status = getnameinfo(
            address,
            socklen_t(length),
            &buffer,
            socklen_t(buffer.count),
            nil,
            0,
            NI_NUMERICHOST
        )
        guard status == 0 else { return nil }
        let text = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        if text.hasPrefix("fe80:") || text.contains("%") { return nil }
        return family == AF_INET6 ? "[\(text)]" : text
    }
}
