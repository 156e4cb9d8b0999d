/// Every bound of a ``PeerClient``, with its default.
public struct PeerClientLimits: Sendable {
    /// Open and opening connections; when full, the longest idle one makes room.
    public var connectionsMax = 256
    /// Requests on one connection, those that wait for the peer's stream limit included.
    public var requestsPerConnectionMax = 1024
    /// How many of a node's addresses are tried.
    public var addressesMax = 8
    /// Bytes of a header block (HTTP/2 SETTINGS_MAX_HEADER_LIST_SIZE).
    public var headerBytesMax = 8192
    /// Bytes that a peer may send ahead of the reader of one response (HTTP/2 stream window).
    ///
    /// A response nobody reads holds at most twice this much memory.
    public var streamWindowBytes = 4 << 20
    /// Bytes in flight on one connection (HTTP/2 connection window).
    public var connectionWindowBytes = 16 << 20
    /// Bytes that are handed over from the network to the reader at a time, before the window fills.
    public var bodyBytesReadyMax = 1 << 20
    /// Bytes of a non-2xx answer's body that end up in the error message.
    public var errorTextBytesMax = 200
    /// For the TCP connection to one address.
    public var connectTimeMax: Duration = .seconds(2)
    /// For TLS and HTTP/2 set-up after it.
    public var handshakeTimeMax: Duration = .seconds(3)
    /// How long one address has to itself before the next is tried beside it (RFC 8305).
    public var staggerTime: Duration = .milliseconds(200)
    /// A response of which no byte comes for this long, while its reader waits, has timed out.
    public var bodyStallTimeMax: Duration = .seconds(15)
    /// How long a peer may be silent after a time-out before its connection is given up.
    public var probeTimeMax: Duration = .seconds(3)
    /// A connection without requests is closed after this time; less than the server's, so that the client closes.
    public var idleTimeMax: Duration = .seconds(90)

    public init() {}
}
