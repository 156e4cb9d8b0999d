/// Why a node could not be reached, answered badly, or cannot listen.
public struct TransportError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure; match on this, show `description`.
    public struct Code: Hashable, Sendable {
        let name: String

        /// A text is not `IP:port`, or there is no address to try.
        public static let invalidAddress = Code(name: "invalidAddress")
        /// No certificate could be made from the node key.
        public static let identity = Code(name: "identity")
        /// The listening address is taken.
        public static let addressInUse = Code(name: "addressInUse")
        /// The listening address cannot be bound for another reason.
        public static let bindFailed = Code(name: "bindFailed")
        /// Nobody listens there.
        public static let refused = Code(name: "refused")
        /// There is no way to the address.
        public static let unreachable = Code(name: "unreachable")
        /// A deadline or a named time limit passed.
        public static let timedOut = Code(name: "timedOut")
        /// Somebody else's node answers at the address.
        public static let wrongPeer = Code(name: "wrongPeer")
        /// The other side does not complete TLS 1.3 or HTTP/2 with us, or turned us away.
        public static let handshake = Code(name: "handshake")
        /// The peer ended this one exchange before its end.
        public static let reset = Code(name: "reset")
        /// The connection went away in the middle of the exchange.
        public static let connectionLost = Code(name: "connectionLost")
        /// More bytes than the named limit.
        public static let tooLarge = Code(name: "tooLarge")
        /// The peer answered with an HTTP status that is not 2xx; see ``TransportError/status``.
        public static let status = Code(name: "status")
        /// A limit on connections or requests is reached; try later.
        public static let busy = Code(name: "busy")
        /// The calling task was cancelled.
        public static let cancelled = Code(name: "cancelled")
        /// The client or server was shut down.
        public static let closed = Code(name: "closed")
    }

    public var code: Code
    public var message: String
    /// The HTTP status, with ``Code/status`` only.
    public var status: Int?

    public init(_ code: Code, _ message: String, status: Int? = nil) {
        self.code = code
        self.message = message
        self.status = status
    }

    public var description: String { "\(code.name): \(message)" }
}
