import NIOCore
import NIOPosix

/// A client that sends bytes as they are and reads one answer after the other.
actor TestClient {
    struct Response: Sendable {
        var status: Int
        /// Names in lower case.
        var fields: [(name: String, value: String)]
        var body: [UInt8]

        subscript(_ name: String) -> String? { fields.first { $0.name == name }?.value }
        var text: String { String(decoding: body, as: UTF8.self) }
    }

    struct Broken: Error {
        var received: Int
    }

    private let channel: any Channel
    private let stream: AsyncThrowingStream<ByteBuffer, any Error>
    private var bytes = ByteBuffer()
    /// The head of an answer whose body is not there yet.
    private var head: Response?
    /// Bytes of all answers so far.
    private(set) var received = 0

    init(port: Int, autoRead: Bool = true) async throws {
        let (stream, continuation) = AsyncThrowingStream.makeStream(of: ByteBuffer.self, throwing: (any Error).self)
        self.stream = stream
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: false)
            // Fixed, else the kernel grows it to tens of megabytes and hides what the server holds back.
            .channelOption(.socketOption(.so_rcvbuf), value: 256 << 10)
            .channelOption(.autoRead, value: autoRead)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(continuation: continuation))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let continuation: AsyncThrowingStream<ByteBuffer, any Error>.Continuation

        init(continuation: AsyncThrowingStream<ByteBuffer, any Error>.Continuation) {
            self.continuation = continuation
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            continuation.yield(unwrapInboundIn(data))
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            continuation.finish(throwing: error)
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) {
            continuation.finish()
        }
    }

    func send(_ text: String) async throws {
        try await channel.writeAndFlush(ByteBuffer(string: text)).get()
    }

    func endOutput() async throws {
        try await channel.close(mode: .output).get()
    }

    func close() async {
        try? await channel.close().get()
    }

    /// Takes in more bytes; `false` at an orderly end.
    func receive() async throws -> Bool {
        channel.read()
        guard var chunk = try await stream.first(where: { _ in true }) else { return false }
        received += chunk.readableBytes
        bytes.writeBuffer(&chunk)
        return true
    }

    /// Whether the connection ended in order, with nothing more to read.
    func isAtEnd() async throws -> Bool {
        let more = try await receive()
        return bytes.readableBytes == 0 && !more
    }

    func response(toHead: Bool = false) async throws -> Response {
        while true {
            if let response = try take(toHead: toHead, atEnd: false) { return response }
            guard try await receive() else {
                guard let response = try take(toHead: toHead, atEnd: true) else { throw Broken(received: received) }
                return response
            }
        }
    }

    func get(_ target: String, fields: [String] = [], host: String = "127.0.0.1") async throws -> Response {
        try await send("GET \(target) HTTP/1.1\r\nHost: \(host)\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n")
        return try await response()
    }

    private func take(toHead: Bool, atEnd: Bool) throws -> Response? {
        if head == nil { head = try takeHead() }
        guard var response = head else { return nil }
        if !toHead, response.status != 304, response.status != 204 {
            if let length = response["content-length"].flatMap({ Int($0) }) {
                guard let body = bytes.readBytes(length: length) else { return nil }
                response.body = body
            } else if response["transfer-encoding"] == "chunked" {
                guard let (body, used) = Self.dechunk(Array(bytes.readableBytesView)) else { return nil }
                response.body = body
                bytes.moveReaderIndex(forwardBy: used)
            } else {
                guard atEnd else { return nil }
                response.body = bytes.readBytes(length: bytes.readableBytes) ?? []
            }
        }
        head = nil
        return response
    }

    private func takeHead() throws -> Response? {
        let view = bytes.readableBytesView
        guard let end = view.prefix(20_000).firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let text = bytes.readString(length: end.upperBound - view.startIndex) ?? ""
        let lines = text.split(separator: "\r\n")
        guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            throw Broken(received: received)
        }
        let fields = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return (name: parts[0].lowercased(), value: parts.count > 1 ? String(parts[1].dropFirst()) : "")
        }
        return Response(status: status, fields: fields, body: [])
    }

    private static func dechunk(_ bytes: [UInt8]) -> ([UInt8], used: Int)? {
        var rest = bytes[...]
        var body: [UInt8] = []
        while let line = rest.firstRange(of: [0x0D, 0x0A]) {
            guard let size = Int(String(decoding: rest[..<line.lowerBound], as: UTF8.self), radix: 16) else {
                return nil
            }
            rest = rest[line.upperBound...]
            guard rest.count >= size + 2 else { return nil }
            body += rest.prefix(size)
            rest = rest.dropFirst(size + 2)
            if size == 0 { return (body, bytes.count - rest.count) }
        }
        return nil
    }
}

extension Collection where Element == UInt8, Index == Int {
    fileprivate func firstRange(of pattern: [UInt8]) -> Range<Int>? {
        guard count >= pattern.count else { return nil }
        return (startIndex...(endIndex - pattern.count)).first { self[$0..<$0 + pattern.count].elementsEqual(pattern) }
            .map { $0..<$0 + pattern.count }
    }
}
