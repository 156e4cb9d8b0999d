import Glibc

/// TCP on loopback, below HTTP.
enum Loopback {
    /// What kept two ends from talking.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    struct Address: Sendable, CustomStringConvertible {
        let host: String
        let port: UInt16

        var description: String { "\(host):\(port)" }
    }

    /// Below the ports that the system gives to outgoing connections, one of which could take a restarting node's.
    private static let ports: ClosedRange<UInt16> = 20_000...32_000
    private static let attemptsMax = 64

    /// `count` addresses of one host on which nobody listens.
    static func freeAddresses(_ count: Int, host: String) throws -> [Address] {
        var found: [UInt16] = []
        for _ in 0..<attemptsMax where found.count < count {
            let port = UInt16.random(in: ports)
            if !found.contains(port), canListen(Address(host: host, port: port)) { found.append(port) }
        }
        guard found.count == count else { throw Failure(description: "no free ports on \(host)") }
        return found.map { Address(host: host, port: $0) }
    }

    private static func canListen(_ address: Address) -> Bool {
        let descriptor = makeSocket()
        defer { close(descriptor) }
        return withSystemAddress(address) { bind(descriptor, $0, $1) } == 0
    }

    /// Whether somebody takes connections there.
    static func answers(_ address: Address) -> Bool {
        let descriptor = makeSocket()
        defer { close(descriptor) }
        return withSystemAddress(address) { connect(descriptor, $0, $1) } == 0
    }

    /// Sends bytes on a connection of their own and returns all that comes back until the other end closes, or until
    /// `patience` is over.
    ///
    /// - Parameter closing: Whether to say that nothing more comes.
    static func exchange(
        _ bytes: [UInt8],
        with address: Address,
        closing: Bool = false,
        patience: Duration = .seconds(30)
    ) throws -> [UInt8] {
        let descriptor = makeSocket()
        defer { close(descriptor) }
        let milliseconds = patience.components.seconds * 1_000 + patience.components.attoseconds / 1_000_000_000_000_000
        var limit = timeval(tv_sec: Int(milliseconds / 1_000), tv_usec: Int(milliseconds % 1_000) * 1_000)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
        guard withSystemAddress(address, { connect(descriptor, $0, $1) }) == 0 else {
            throw Failure(description: "cannot connect to \(address): \(String(cString: strerror(errno)))")
        }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            // The other end may have heard enough.
            guard count > 0 else { break }
            rest = rest.dropFirst(count)
        }
        if closing { shutdown(descriptor, Int32(SHUT_WR)) }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = recv(descriptor, &buffer, buffer.count, 0), count > 0 {
            answer += buffer.prefix(count)
        }
        return answer
    }

    private static func makeSocket() -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_INET, kind, 0)
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        return descriptor
    }

    private static func withSystemAddress<Value>(
        _ address: Address,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Value
    ) -> Value {
        var system = sockaddr_in()
        system.sin_family = sa_family_t(AF_INET)
        system.sin_port = address.port.bigEndian
        inet_pton(AF_INET, address.host, &system.sin_addr)
        return withUnsafePointer(to: &system) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
