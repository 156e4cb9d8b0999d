import Core
import NIOCore

/// A whole request of another node.
public struct PeerRequest: Sendable {
    /// Who asks: the node key proven in the TLS handshake.
    public let peer: NodeID
    /// Where the connection comes from, as observed here; its port is not one the peer listens on.
    public let remoteAddress: PeerAddress?
    /// Path and query, beginning with `/`; at most ``PeerServerLimits/pathBytesMax`` bytes.
    public let path: String
    /// At most ``PeerServerLimits/requestBodyBytesMax`` bytes; empty when there is none.
    public let body: ByteBuffer
}

/// The answer to a ``PeerRequest``.
public struct PeerResponse: Sendable {
    public enum Body: Sendable {
        case buffer(ByteBuffer)
        /// Called once, in the request's task; when it returns the body is complete, when it throws the exchange is
        /// reset and the client knows that its body is not whole.
        case stream(@Sendable (PeerResponseWriter) async throws -> Void)
    }

    /// HTTP status, 200 to 599.
    public var status: Int
    public var body: Body

    public init(status: Int = 200, body: Body) {
        self.status = status
        self.body = body
    }

    /// 200 with these bytes.
    public static func ok(_ body: ByteBuffer = ByteBuffer()) -> PeerResponse {
        PeerResponse(body: .buffer(body))
    }

    /// A refusal with one line for the log of the other side.
    public static func failure(_ status: Int, _ text: String) -> PeerResponse {
        PeerResponse(status: status, body: .buffer(ByteBuffer(string: text)))
    }
}

/// What a node does with the requests of its peers.
public protocol PeerRequestHandling: Sendable {
    /// Answers one request; runs in a task of its own, which is cancelled when the peer gives up.
    ///
    /// - Throws: Anything; the peer sees a 500 without details.
    func handle(_ request: PeerRequest) async throws -> PeerResponse

    /// Whether `peer` belongs to the mesh: strangers get only a few of the connections.
    ///
    /// Called on an event loop once per connection: it must not block.
    func isMember(_ peer: NodeID) -> Bool
}

extension PeerRequestHandling {
    public func isMember(_ peer: NodeID) -> Bool { true }
}

/// Writes a streamed response body at the pace of its reader.
public struct PeerResponseWriter: Sendable {
    let pipe: ResponsePipe

    /// Sends `buffer`, and waits while ``PeerServerLimits/responseBytesPendingMax`` bytes or more are on their way.
    ///
    /// The bytes are not copied; chunks of 64 KiB to 1 MiB are fastest.
    ///
    /// - Throws: ``TransportError`` `.reset`, `.connectionLost`, `.timedOut` or `.cancelled` when nobody reads any more.
    public func write(_ buffer: ByteBuffer) async throws(TransportError) {
        try await pipe.write(buffer)
    }
}
