import NIOCore

/// One header field of an answer; name and value are ASCII without control characters.
package struct HTTPField: Hashable, Sendable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// A whole answer, or the head of one whose body follows.
package struct GatewayResponse: Sendable {
    /// Where the body comes from.
    package enum Body: Sendable {
        case empty
        case bytes(ByteBuffer)
        /// Verified pieces of files, sent by `sendfile`.
        case extents([FileExtent])
        /// Produced while it is sent.
        case stream(BodyStream)
    }

    /// Whether an event loop may answer the same request again from memory.
    package enum Reuse: Hashable, Sendable {
        case never
        /// The answer follows from the CID in the request.
        case always
        /// The answer follows from what a name pointed to.
        case briefly
    }

    package var status: HTTPStatus
    package var fields: [HTTPField]
    /// Length of the body in bytes; `nil` for a stream of unknown length.
    package var length: UInt64?
    package var body: Body
    package var reuse: Reuse

    package init(
        _ status: HTTPStatus,
        fields: [HTTPField] = [],
        length: UInt64? = 0,
        body: Body = .empty,
        reuse: Reuse = .never
    ) {
        self.status = status
        self.fields = fields
        self.length = length
        self.body = body
        self.reuse = reuse
    }

    /// An answer of one sentence.
    package static func sentence(
        _ status: HTTPStatus,
        _ text: String,
        fields: [HTTPField] = [],
        reuse: Reuse = .never
    ) -> GatewayResponse {
        let body = ByteBuffer(string: text + "\n")
        var all = [HTTPField("Content-Type", "text/plain; charset=utf-8")]
        if status.code >= 400 { all.append(HTTPField("Cache-Control", "no-store")) }
        return GatewayResponse(
            status,
            fields: all + fields,
            length: UInt64(body.readableBytes),
            body: .bytes(body),
            reuse: reuse
        )
    }

    package init(_ refusal: HTTPRefusal) {
        var fields: [HTTPField] = []
        switch refusal.status {
        case .methodNotAllowed: fields = [HTTPField("Allow", "GET, HEAD, OPTIONS")]
        case .unavailable, .gatewayTimeout: fields = [HTTPField("Retry-After", "\(Self.retryAfterSeconds)")]
        default: break
        }
        self = .sentence(refusal.status, refusal.message, fields: fields)
    }

    /// When a client may ask again after a failure that can pass, in seconds.
    package static let retryAfterSeconds = 5
}

/// The body of a large answer, produced piece by piece while earlier pieces are on their way.
package struct BodyStream: Sendable {
    /// Writes the whole body; an error resets the connection, so that nobody takes what came for everything.
    package var produce: @Sendable (BodyWriter) async throws -> Void

    package init(produce: @escaping @Sendable (BodyWriter) async throws -> Void) {
        self.produce = produce
    }
}

/// How an answer is put on the wire.
package struct ResponseHeadRenderer {
    /// Every answer may be read by every page: content is public (IPFS path gateway specification).
    private static let common = """
        X-Content-Type-Options: nosniff\r
        Access-Control-Allow-Origin: *\r
        Access-Control-Allow-Methods: GET, HEAD, OPTIONS\r
        Access-Control-Allow-Headers: Content-Type, Range, User-Agent, X-Requested-With\r
        Access-Control-Expose-Headers: Content-Length, Content-Range, X-Chunked-Output, X-Ipfs-Path, X-Ipfs-Roots, \
        X-Stream-Output\r

        """

    /// Position of the date in a rendered head, which depends on the status line alone.
    static func dateOffset(_ status: HTTPStatus) -> Int {
        "HTTP/1.1  \r\nDate: ".utf8.count + 3 + status.reason.utf8.count
    }

    /// Writes the head, the empty line included and no `Connection` field, which comes last where it is needed.
    static func render(_ response: GatewayResponse, date: [UInt8], isChunked: Bool, into buffer: inout ByteBuffer) {
        buffer.writeString("HTTP/1.1 \(response.status.code) \(response.status.reason)\r\nDate: ")
        buffer.writeBytes(date)
        buffer.writeString("\r\n")
        for field in response.fields {
            buffer.writeString(field.name)
            buffer.writeString(": ")
            writeValue(field.value, into: &buffer)
            buffer.writeString("\r\n")
        }
        if isChunked {
            buffer.writeString("Transfer-Encoding: chunked\r\n")
        } else if let length = response.length, response.status != .noContent, response.status != .notModified {
            buffer.writeString("Content-Length: \(length)\r\n")
        }
        buffer.writeString(common)
        buffer.writeString("\r\n")
    }

    /// Whatever a file name or a path brought in, no value can end its line.
    private static func writeValue(_ value: String, into buffer: inout ByteBuffer) {
        let isClean = value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
        buffer.writeString(isClean ? value : PercentEncoding.encode(value.utf8) { $0 >= 0x20 && $0 != 0x7F })
    }
}
