/// How a gateway listens and what it spends at most.
public struct GatewayConfiguration: Sendable {
    /// Address to listen on, as an IP address.
    public var host: String
    /// Port to listen on; 0 lets the system choose.
    public var port: Int
    /// Hosts under which content has hosts of its own.
    public var subdomainHosts: [SubdomainHost]
    /// Memory for complete answers, over all event loops, in bytes.
    public var responseCacheBytesMax: Int
    /// Most open connections; more are closed as they come.
    public var connectionsMax: Int
    /// Most requests that are being worked on and not answered from memory; others wait for their turn.
    public var requestsInFlightMax: Int
    /// Time-outs of connections and answers.
    public var limits: GatewayTimeLimits

    public init(
        host: String,
        port: Int,
        subdomainHosts: [SubdomainHost] = [.localhost],
        responseCacheBytesMax: Int = 16 << 20,
        connectionsMax: Int = 4_096,
        requestsInFlightMax: Int = 512,
        limits: GatewayTimeLimits = GatewayTimeLimits()
    ) {
        self.host = host
        self.port = port
        self.subdomainHosts = subdomainHosts
        self.responseCacheBytesMax = responseCacheBytesMax
        self.connectionsMax = connectionsMax
        self.requestsInFlightMax = requestsInFlightMax
        self.limits = limits
    }
}

/// How long a connection may take for what; judged to half a second.
public struct GatewayTimeLimits: Sendable {
    /// From the first byte of a request head to its last.
    public var requestHead: Duration = .seconds(10)
    /// Between requests on a kept connection.
    public var idle: Duration = .seconds(75)
    /// From a request's head to its answer's head; after it the client gets 504.
    public var answer: Duration = .seconds(9)
    /// For its turn among the requests that are worked on; after it the client gets 503.
    public var turn: Duration = .seconds(5)
    /// With no progress of a body on its way to the client; a body gets a second more per 16 KiB.
    public var stall: Duration = .seconds(30)
    /// For a client to read the last answer before the connection goes.
    public var linger: Duration = .seconds(2)
    /// For answers in progress to end when the gateway stops.
    public var shutdown: Duration = .seconds(5)

    public init() {}
}

/// What kept a gateway from listening.
public struct GatewayError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure; match on this, show `description`.
    public struct Code: Hashable, Sendable {
        let name: String

        /// Another process listens on this address and port.
        public static let portTaken = Code(name: "portTaken")
        /// The address cannot be listened on.
        public static let cannotListen = Code(name: "cannotListen")
    }

    public var code: Code
    public var message: String
    public var cause: (any Error)?

    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    public var description: String { "\(code.name): \(message)" + (cause.map { " (\($0))" } ?? "") }
}
