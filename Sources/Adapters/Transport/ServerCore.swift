import Core
import Logging
import NIOCore
import Synchronization

/// What the connections of one server share: its limits, who is connected, and the way to the task that answers.
final class ServerCore: Sendable {
    private struct Connection {
        let channel: any Channel
        let order: UInt64
        var peer: NodeID?
        var isStranger = false
    }

    private enum Phase {
        case bound
        case running
        case draining
        case closed
    }

    private struct State {
        var phase = Phase.bound
        var connections: [ObjectIdentifier: Connection] = [:]
        var connectionsEver: UInt64 = 0
        var requestBytes = 0
        var isMember: @Sendable (NodeID) -> Bool = { _ in true }
        var counters = PeerServerCounters()
    }

    let limits: PeerServerLimits
    let logger: Logger
    let exchanges: AsyncStream<ServerExchange>
    private let intake: AsyncStream<ServerExchange>.Continuation
    private let state = Mutex(State())

    init(limits: PeerServerLimits, logger: Logger) {
        self.limits = limits
        self.logger = logger
        (exchanges, intake) = AsyncStream.makeStream()
    }

    var counters: PeerServerCounters {
        state.withLock { state in
            var counters = state.counters
            counters.connections = state.connections.count
            return counters
        }
    }

    func count(_ change: (inout PeerServerCounters) -> Void) {
        state.withLock { change(&$0.counters) }
    }

    // MARK: connections

    /// Whether there is room for one more connection; if so it is registered.
    func admit(_ channel: any Channel) -> Bool {
        state.withLock { state in
            let handshakes = state.connections.values.count { $0.peer == nil }
            guard state.phase == .running, state.connections.count < limits.connectionsMax,
                handshakes < limits.handshakesMax
            else {
                state.counters.connectionsRefused += 1
                return false
            }
            state.connectionsEver += 1
            state.connections[ObjectIdentifier(channel)] = Connection(channel: channel, order: state.connectionsEver)
            return true
        }
    }

    /// The handshake proved `peer`'s key.
    ///
    /// - Returns: The connection that has to go: the peer's oldest when it has too many, `channel` itself when too many
    ///   strangers are here, or none.
    func authenticated(_ channel: any Channel, as peer: NodeID) -> (any Channel)? {
        let isStranger = !state.withLock { $0.isMember }(peer)
        return state.withLock { state in
            guard state.connections[ObjectIdentifier(channel)] != nil else { return channel }
            if isStranger, state.connections.values.count(where: \.isStranger) >= limits.strangerConnectionsMax {
                state.counters.connectionsRefused += 1
                return channel
            }
            state.counters.connectionsAccepted += 1
            state.connections[ObjectIdentifier(channel)]?.peer = peer
            state.connections[ObjectIdentifier(channel)]?.isStranger = isStranger
            let same = state.connections.values.filter { $0.peer == peer }
            guard same.count > limits.connectionsPerPeerMax else { return nil }
            state.counters.connectionsRefused += 1
            return same.min { $0.order < $1.order }?.channel
        }
    }

    func closed(_ channel: any Channel) {
        state.withLock { state in
            guard let connection = state.connections.removeValue(forKey: ObjectIdentifier(channel)) else { return }
            if connection.peer == nil { state.counters.handshakesFailed += 1 }
        }
    }

    // MARK: requests

    /// Whether `bytes` more of request bodies may be held in memory; if so they count until they are released.
    func reserve(bytes: Int) -> Bool {
        state.withLock { state in
            guard state.requestBytes + bytes <= limits.requestBytesTotalMax else { return false }
            state.requestBytes += bytes
            return true
        }
    }

    func release(bytes: Int) {
        guard bytes > 0 else { return }
        state.withLock { $0.requestBytes -= bytes }
    }

    /// Hands a request to the task in ``PeerServer/run(_:)``; `false` when too many are being handled.
    func submit(_ exchange: ServerExchange) -> Bool {
        let accepted = state.withLock { state in
            guard state.phase == .running || state.phase == .draining,
                state.counters.requestsActive < limits.requestsMax
            else { return false }
            state.counters.requestsActive += 1
            state.counters.requests += 1
            return true
        }
        if accepted { intake.yield(exchange) }
        return accepted
    }

    func finished() {
        state.withLock { $0.counters.requestsActive -= 1 }
    }

    // MARK: start and stop

    /// - Returns: Whether the server may accept connections; `false` when it was stopped before it ran.
    func start(isMember: @escaping @Sendable (NodeID) -> Bool) -> Bool {
        state.withLock { state in
            guard state.phase == .bound else { return false }
            state.phase = .running
            state.isMember = isMember
            return true
        }
    }

    /// No new connections; returns those that have to be told, or `nil` when that was done before.
    func drain() -> [any Channel]? {
        state.withLock { state in
            guard state.phase == .bound || state.phase == .running else { return nil }
            state.phase = .draining
            return state.connections.values.map(\.channel)
        }
    }

    /// No new requests either; ``exchanges`` ends. Returns what is still open.
    func close() -> [any Channel] {
        intake.finish()
        return state.withLock { state in
            state.phase = .closed
            return state.connections.values.map(\.channel)
        }
    }
}
