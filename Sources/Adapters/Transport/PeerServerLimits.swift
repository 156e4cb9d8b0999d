/// Every bound of a ``PeerServer``, with its default.
public struct PeerServerLimits: Sendable {
    /// Open connections, those in their handshake included; more are closed at accept.
    public var connectionsMax = 512
    /// Connections that have not shown a node key yet.
    public var handshakesMax = 128
    /// Connections of one node; a further one closes that node's oldest, so a restarted node is never locked out.
    public var connectionsPerPeerMax = 4
    /// Connections of nodes that ``PeerRequestHandling/isMember(_:)`` does not know.
    public var strangerConnectionsMax = 64
    /// Requests that one connection may have open at a time (HTTP/2 concurrent streams).
    public var streamsPerConnectionMax = 128
    /// Requests being handled at a time; more are answered 503.
    public var requestsMax = 1024
    /// Bytes of one request's body; more is answered 413.
    public var requestBodyBytesMax = 1 << 20
    /// Bytes of all request bodies in memory at a time; more is answered 503.
    public var requestBytesTotalMax = 64 << 20
    /// Bytes of a request's path; more is answered 414.
    public var pathBytesMax = 1024
    /// Bytes of a header block (HTTP/2 SETTINGS_MAX_HEADER_LIST_SIZE).
    public var headerBytesMax = 8192
    /// Bytes of one response that wait for the peer before its writer is suspended.
    public var responseBytesPendingMax = 1 << 20
    /// Streams that a peer may reset in ``resetWindow`` before its connection is closed (the rapid-reset attack).
    public var streamResetsMax = 2000
    public var resetWindow: Duration = .seconds(30)
    /// From accept to the end of the TLS handshake.
    public var handshakeTimeMax: Duration = .seconds(5)
    /// From a request's head to the end of its body; later is answered 408.
    public var requestTimeMax: Duration = .seconds(10)
    /// From the end of the request to the start of the response; later is answered 503 and the handler is cancelled.
    public var responseStartTimeMax: Duration = .seconds(60)
    /// A response of which the peer takes no byte for this long is reset.
    public var responseStallTimeMax: Duration = .seconds(30)
    /// A connection without requests is closed after this time.
    public var idleTimeMax: Duration = .seconds(180)
    /// How long ``PeerServer/beginShutdown()`` waits for requests that run.
    public var graceTimeMax: Duration = .seconds(5)

    public init() {}
}
