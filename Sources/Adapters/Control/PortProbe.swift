import Glibc
package import Settings

/// Whether a TCP port can be listened on, and who does so already.
package enum PortProbe {
    /// Tries to listen, and stops at once.
    ///
    /// - Returns: `nil` when it worked, otherwise the error number.
    static func bindError(_ endpoint: Endpoint) -> Int32? {
        let family = endpoint.isIPv6 ? AF_INET6 : AF_INET
        let descriptor = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        let bound = endpoint.isIPv6 ? bindIPv6(descriptor, endpoint) : bindIPv4(descriptor, endpoint)
        guard bound == 0, listen(descriptor, 1) == 0 else { return errno }
        return nil
    }

    /// A TCP port of an IPv4 address that nobody uses now; `nil` when the address is not this machine's.
    package static func freePort(host: String) -> UInt16? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard bindIPv4(descriptor, Endpoint(host: host, port: 0)) == 0 else { return nil }
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let named = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return named == 0 ? UInt16(bigEndian: address.sin_port) : nil
    }

    /// Whether somebody on this machine takes connections at an IPv4 address.
    package static func answers(_ endpoint: Endpoint) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = addressIPv4(endpoint)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    private static func addressIPv4(_ endpoint: Endpoint) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = endpoint.port.bigEndian
        inet_pton(AF_INET, endpoint.host, &address.sin_addr)
        return address
    }

    private static func bindIPv4(_ descriptor: Int32, _ endpoint: Endpoint) -> Int32 {
        var address = addressIPv4(endpoint)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    private static func bindIPv6(_ descriptor: Int32, _ endpoint: Endpoint) -> Int32 {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = endpoint.port.bigEndian
        inet_pton(AF_INET6, endpoint.host, &address.sin6_addr)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
            }
        }
    }

    /// Name and process id of who listens on `port`, where this user may see it.
    static func holder(of port: UInt16) -> String? {
        var wanted = Set<String>()
        for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
            for line in lines(of: table).dropFirst() {
                let fields = line.split(separator: " ")
                guard fields.count > 9, fields[3] == "0A", let colon = fields[1].lastIndex(of: ":"),
                    UInt16(fields[1][fields[1].index(after: colon)...], radix: 16) == port
                else { continue }
                wanted.insert("socket:[\(fields[9])]")
            }
        }
        guard !wanted.isEmpty else { return nil }
        for process in entries(of: "/proc") where process.allSatisfy(\.isNumber) {
            for descriptor in entries(of: "/proc/\(process)/fd") {
                guard let target = link("/proc/\(process)/fd/\(descriptor)"), wanted.contains(target) else { continue }
                let name = lines(of: "/proc/\(process)/comm").first.map(String.init) ?? "a process"
                return "\(name) (process \(process))"
            }
        }
        return nil
    }

    private static func lines(of path: String) -> [Substring] {
        guard let file = fopen(path, "re") else { return [] }
        defer { fclose(file) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { text += buffer.prefix(count) }
        return String(decoding: text, as: UTF8.self).split(separator: "\n")
    }

    private static func entries(of path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }

    private static func link(_ path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 256)
        let count = readlink(path, &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
    }
}
