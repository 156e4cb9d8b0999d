import Core
import Logging
import NIOCore
import Synchronization

/// The connections of one client: at most one in use per node, shared by all requests to it.
final class ClientCore: Sendable {
    /// A connection to use, or the dial to wait for.
    enum Checkout {
        /// Counted as in use until ``checkin(_:)``.
        case connection(ClientConnection)
        case dialing(EventLoopFuture<ClientConnection>, addresses: [PeerAddress])
    }

    private enum Entry {
        case dialing(EventLoopFuture<ClientConnection>, addresses: [PeerAddress])
        case live(ClientConnection)
    }

    private struct Usage {
        let connection: ClientConnection
        var requests = 0
        var lastUsed = NIODeadline.now()
        /// Takes no new requests; closed with its last one.
        var retired = false
    }

    private struct State {
        var isClosed = false
        var entries: [NodeID: Entry] = [:]
        var open: [ObjectIdentifier: Usage] = [:]
        var dials = 0
    }

    let identity: NodeIdentity
    let limits: PeerClientLimits
    private let group: any EventLoopGroup
    private let logger: Logger
    private let state = Mutex(State())

    init(identity: NodeIdentity, limits: PeerClientLimits, group: any EventLoopGroup, logger: Logger) {
        self.identity = identity
        self.limits = limits
        self.group = group
        self.logger = logger
    }

    var connectionCount: Int { state.withLock { $0.open.count } }

    func hasConnection(to peer: NodeID) -> Bool {
        state.withLock { state in
            if case .live? = state.entries[peer] { true } else { false }
        }
    }

    /// - Throws: ``TransportError`` `.busy` at a limit, `.closed` after ``close()``.
    func checkout(_ peer: NodeID, at addresses: [PeerAddress]) throws(TransportError) -> Checkout {
        let loop = group.next()
        let outcome = state.withLock { state -> Result<(Checkout, evicted: ClientConnection?), TransportError> in
            guard !state.isClosed else { return .failure(TransportError(.closed, "the node is stopping")) }
            switch state.entries[peer] {
            case .live(let connection):
                return use(connection, &state).map { ($0, nil) }
            case .dialing(let future, let addresses):
                return .success((.dialing(future, addresses: addresses), nil))
            case nil:
                return dial(peer, addresses, loop, &state)
            }
        }
        let (checkout, evicted) = try outcome.get()
        evicted?.close()
        return checkout
    }

    private func use(_ connection: ClientConnection, _ state: inout State) -> Result<Checkout, TransportError> {
        let id = ObjectIdentifier(connection)
        guard let usage = state.open[id], usage.requests < limits.requestsPerConnectionMax else {
            let limit = limits.requestsPerConnectionMax
            return .failure(TransportError(.busy, "\(limit) requests to \(connection.peer) are open; try later"))
        }
        state.open[id]?.requests += 1
        return .success(.connection(connection))
    }

    private func dial(
        _ peer: NodeID,
        _ addresses: [PeerAddress],
        _ loop: any EventLoop,
        _ state: inout State
    ) -> Result<(Checkout, evicted: ClientConnection?), TransportError> {
        var evicted: ClientConnection?
        if state.open.count + state.dials >= limits.connectionsMax {
            let idle = state.open.values.filter { $0.requests == 0 }.min { $0.lastUsed < $1.lastUsed }
            guard let idle else {
                return .failure(TransportError(.busy, "\(limits.connectionsMax) connections are in use; try later"))
            }
            remove(idle.connection, &state)
            evicted = idle.connection
        }
        let future = ClientDial.start(peer: peer, addresses: addresses, identity: identity, limits: limits, on: loop)
        state.dials += 1
        state.entries[peer] = .dialing(future, addresses: addresses)
        // First in line, so that whoever waits for the dial finds its result in the table.
        future.whenComplete { self.dialed(peer, $0) }
        return .success((.dialing(future, addresses: addresses), evicted))
    }

    private func dialed(_ peer: NodeID, _ result: Result<ClientConnection, any Error>) {
        let surplus = state.withLock { state -> ClientConnection? in
            state.dials -= 1
            state.entries[peer] = nil
            guard case .success(let connection) = result else { return nil }
            guard !state.isClosed else { return connection }
            state.entries[peer] = .live(connection)
            state.open[ObjectIdentifier(connection)] = Usage(connection: connection)
            return nil
        }
        if let surplus { return surplus.close() }
        switch result {
        case .success(let connection):
            connection.report(to: Events(core: self, connection: connection))
            connection.channel.closeFuture.whenComplete { _ in self.closed(connection) }
            logger.debug("connected", metadata: ["peer": "\(peer)", "address": "\(connection.address)"])
        case .failure(let error):
            logger.debug("not connected", metadata: ["peer": "\(peer)", "error": "\(error)"])
        }
    }

    /// A request on `connection` is over.
    func checkin(_ connection: ClientConnection) {
        let close = state.withLock { state in
            let id = ObjectIdentifier(connection)
            guard state.open[id] != nil else { return false }
            state.open[id]?.requests -= 1
            state.open[id]?.lastUsed = .now()
            return state.open[id].map { $0.retired && $0.requests == 0 } ?? false
        }
        if close { connection.close() }
    }

    private func closed(_ connection: ClientConnection) {
        state.withLock { remove(connection, &$0) }
    }

    private func retire(_ connection: ClientConnection, unusedSince: NIODeadline? = nil) {
        let close = state.withLock { state in
            let id = ObjectIdentifier(connection)
            guard let usage = state.open[id] else { return false }
            if let unusedSince, usage.requests > 0 || usage.lastUsed > unusedSince { return false }
            state.open[id]?.retired = true
            forget(connection, &state)
            return usage.requests == 0
        }
        if close { connection.close() }
    }

    private func remove(_ connection: ClientConnection, _ state: inout State) {
        state.open[ObjectIdentifier(connection)] = nil
        forget(connection, &state)
    }

    private func forget(_ connection: ClientConnection, _ state: inout State) {
        guard case .live(let current)? = state.entries[connection.peer], current === connection else { return }
        state.entries[connection.peer] = nil
    }

    /// Closes every connection and refuses new requests.
    func close() async {
        let open = state.withLock { state in
            state.isClosed = true
            return state.open.values.map(\.connection)
        }
        for connection in open { connection.close() }
        for connection in open { try? await connection.channel.closeFuture.get() }
    }

    private struct Events: ClientConnectionEvents {
        let core: ClientCore
        let connection: ClientConnection

        func retire() { core.retire(connection) }
        func retireIfIdle(since deadline: NIODeadline) { core.retire(connection, unusedSince: deadline) }
    }
}
