import Control
import Glibc
import NIOPosix
import Settings

/// Bytes over a plain socket and small files, for what the client would never do.
enum ControlFixture {
    /// On a thread for blocking calls: one of Swift's few would keep the server from answering.
    static func exchange(_ endpoint: Endpoint, _ request: String) async throws -> String {
        try await NIOThreadPool.singleton.runIfActive { try blockingExchange(endpoint, request) }
    }

    private static func blockingExchange(_ endpoint: Endpoint, _ request: String) throws -> String {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = endpoint.port.bigEndian
        inet_pton(AF_INET, endpoint.host, &address.sin_addr)
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw ControlError(.failed, "cannot connect to \(endpoint)") }
        let bytes = Array(request.utf8)
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
            throw ControlError(.failed, "cannot write to \(endpoint)")
        }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while case let count = Glibc.read(descriptor, &buffer, buffer.count), count > 0 {
            answer += buffer.prefix(count)
        }
        return String(decoding: answer, as: UTF8.self)
    }

    static func read(_ path: String) -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = fread(&buffer, 1, buffer.count, file)
        return String(decoding: buffer.prefix(count), as: UTF8.self)
    }

    /// Keeps the file's mode when it exists.
    static func write(_ text: String, to path: String) {
        guard let file = fopen(path, "we") else { return }
        fputs(text, file)
        fclose(file)
    }
}
