import Dispatch
import Foundation

/// One HTTP/1.1 request on a connection of its own, and the whole answer.
struct HTTPAnswer: Sendable {
    let status: Int
    /// Lower-case names.
    let headers: [String: String]
    let body: [UInt8]

    /// - Throws: ``Loopback/Failure`` when nobody answers or the answer is cut short.
    static func get(
        _ path: String,
        at address: Loopback.Address,
        headers: [String] = []
    ) async throws -> HTTPAnswer {
        let lines = ["GET \(path) HTTP/1.1", "Host: \(address)", "Connection: close"] + headers
        let request = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
        let bytes = try await offPool { try Loopback.exchange(request, with: address) }
        return try HTTPAnswer(bytes, of: "\(address)\(path)")
    }

    private init(_ bytes: [UInt8], of request: String) throws {
        guard let split = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else {
            throw Loopback.Failure(description: "no HTTP answer to \(request), but \(bytes.count) bytes")
        }
        let lines = String(decoding: bytes[..<split.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        status = lines[0].split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            headers[line[..<colon].lowercased()] = value
        }
        self.headers = headers
        let rest = bytes[split.upperBound...]
        if headers["transfer-encoding"] == "chunked" {
            body = try Self.unchunked(rest, of: request)
        } else {
            body = Array(rest)
        }
        if let length = headers["content-length"].flatMap({ Int($0) }), length != body.count {
            throw Loopback.Failure(description: "\(body.count) of \(length) bytes came from \(request)")
        }
    }

    private static func unchunked(_ bytes: ArraySlice<UInt8>, of request: String) throws -> [UInt8] {
        var rest = bytes
        var body: [UInt8] = []
        while let end = rest.firstRange(of: Array("\r\n".utf8)),
            let size = Int(String(decoding: rest[..<end.lowerBound], as: UTF8.self), radix: 16),
            rest[end.upperBound...].count >= size
        {
            if size == 0 { return body }
            body += rest[end.upperBound...].prefix(size)
            rest = rest[end.upperBound...].dropFirst(size + 2)
        }
        throw Loopback.Failure(description: "the answer of \(request) ends in the middle")
    }
}

/// Runs blocking work where it holds up no task.
func offPool<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async { continuation.resume(with: Result { try body() }) }
    }
}
