/// What a ``PeerServer`` has seen since it was bound; numbers only ever grow, except the two marked as current.
public struct PeerServerCounters: Sendable, Equatable {
    /// Open connections now.
    public var connections = 0
    /// Requests being handled now.
    public var requestsActive = 0
    /// Connections with a proven node key.
    public var connectionsAccepted: UInt64 = 0
    /// Connections closed because of a limit.
    public var connectionsRefused: UInt64 = 0
    /// Connections that ended before a node key was proven: scanners, wrong protocols, missing certificates.
    public var handshakesFailed: UInt64 = 0
    /// Requests handed to the handler.
    public var requests: UInt64 = 0
    /// Requests answered 4xx or 503 without the handler: malformed, too large, too many.
    public var requestsRefused: UInt64 = 0
    /// Responses that were not started, or not read, in time.
    public var timeOuts: UInt64 = 0
}
