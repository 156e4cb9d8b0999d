import Core
import Logging
import NIOCore
import NIOHPACK

/// Sends requests to other nodes over one shared HTTP/2 connection per node, opened when needed.
///
/// Every answer comes from the node that was asked for: another key at its address is `.wrongPeer`.
public final class PeerClient: Sendable {
    private let core: ClientCore

    /// Opens nothing yet.
    ///
    /// - Parameter group: The event loops to use; the client does not shut them down.
    public init(
        identity: NodeIdentity,
        limits: PeerClientLimits = PeerClientLimits(),
        group: any EventLoopGroup,
        logger: Logger
    ) {
        core = ClientCore(identity: identity, limits: limits, group: group, logger: logger)
    }

    /// Open connections.
    public var connectionCount: Int { core.connectionCount }

    /// Whether a request to `peer` would need no new connection.
    public func hasConnection(to peer: NodeID) -> Bool { core.hasConnection(to: peer) }

    /// Sends a request and returns when the head of its answer is here.
    ///
    /// A request is sent again, once, only if the peer cannot have seen it (RFC 9113, section 8.7).
    ///
    /// - Parameters:
    ///   - peer: Who shall answer.
    ///   - addresses: `IP:port`, tried in this order when there is no connection yet; at most
    ///     ``PeerClientLimits/addressesMax`` are.
    ///   - path: Path and query, beginning with `/`.
    ///   - deadline: For the head of the answer, connecting included.
    ///   - bodyDeadline: For the end of the answer; without one, only a body that stalls is given up.
    /// - Throws: ``TransportError``; `.status` for an answer that is not 2xx.
    public func request(
        to peer: NodeID,
        at addresses: [String],
        path: String,
        body: ByteBuffer = ByteBuffer(),
        deadline: ContinuousClock.Instant,
        bodyDeadline: ContinuousClock.Instant? = nil
    ) async throws(TransportError) -> PeerResponseStream {
        let parsed = try Self.parse(addresses, max: core.limits.addressesMax)
        let headDeadline = NIODeadline(deadline)
        var headers: HPACKHeaders = [":method": "POST", ":scheme": "https", ":path": path, ":authority": peer.short]
        if body.readableBytes > 0 { headers.add(name: "content-length", value: "\(body.readableBytes)") }
        let plan = Plan(
            peer: peer,
            addresses: parsed,
            headers: headers,
            body: body,
            headDeadline: headDeadline,
            bodyDeadline: bodyDeadline.map { NIODeadline($0) }
        )
        let first = try await open(plan)
        let outcome = await outcome(of: first)
        guard case .failure = outcome, first.mayBeRepeated else { return try outcome.get() }
        return try await self.outcome(of: open(plan)).get()
    }

    /// Sends a request and returns its whole answer, all before `deadline`.
    ///
    /// - Throws: ``TransportError`` `.tooLarge` when the answer has more than `responseBytesMax` bytes, else as
    ///   ``request(to:at:path:body:deadline:bodyDeadline:)``.
    public func call(
        to peer: NodeID,
        at addresses: [String],
        path: String,
        body: ByteBuffer = ByteBuffer(),
        responseBytesMax: Int,
        deadline: ContinuousClock.Instant
    ) async throws(TransportError) -> ByteBuffer {
        let answer = try await request(
            to: peer,
            at: addresses,
            path: path,
            body: body,
            deadline: deadline,
            bodyDeadline: deadline
        )
        return try await answer.collect(max: responseBytesMax)
    }

    /// Sends a message whose answer does not matter; returns when the peer has taken it.
    ///
    /// - Throws: As ``call(to:at:path:body:responseBytesMax:deadline:)``, so the caller learns who is unreachable.
    public func send(
        to peer: NodeID,
        at addresses: [String],
        path: String,
        body: ByteBuffer,
        deadline: ContinuousClock.Instant
    ) async throws(TransportError) {
        _ = try await call(
            to: peer,
            at: addresses,
            path: path,
            body: body,
            responseBytesMax: Self.ignoredBytesMax,
            deadline: deadline
        )
    }

    /// Bytes of an answer that ``send(to:at:path:body:deadline:)`` reads before it drops them.
    static let ignoredBytesMax = 4096

    /// Closes all connections; requests fail with `.closed` from now on.
    public func shutdown() async {
        await core.close()
    }

    // MARK: parts of a request

    private static func parse(_ addresses: [String], max: Int) throws(TransportError) -> [PeerAddress] {
        var parsed: [PeerAddress] = []
        var failure = TransportError(.invalidAddress, "no address to reach the node at")
        for text in addresses where parsed.count < max {
            do throws(TransportError) {
                let address = try PeerAddress(text)
                if !parsed.contains(address) { parsed.append(address) }
            } catch {
                failure = error
            }
        }
        guard !parsed.isEmpty else { throw failure }
        return parsed
    }

    private struct Plan {
        let peer: NodeID
        let addresses: [PeerAddress]
        let headers: HPACKHeaders
        let body: ByteBuffer
        let headDeadline: NIODeadline
        let bodyDeadline: NIODeadline?
    }

    /// Sends the request on a connection to its peer.
    private func open(_ plan: Plan) async throws(TransportError) -> ClientExchange {
        let connection = try await connection(to: plan.peer, at: plan.addresses, deadline: plan.headDeadline)
        let exchange = ClientExchange(
            headers: plan.headers,
            body: plan.body,
            bytesReadyMax: core.limits.bodyBytesReadyMax
        )
        let core = core
        connection.open(
            exchange,
            headDeadline: plan.headDeadline,
            bodyDeadline: plan.bodyDeadline,
            stallTimeMax: core.limits.bodyStallTimeMax
        ).whenComplete { _ in core.checkin(connection) }
        return exchange
    }

    private func outcome(of exchange: ClientExchange) async -> Result<PeerResponseStream, TransportError> {
        switch await exchange.head() {
        case .success(let head): await accept(PeerResponseStream(head: head, exchange: exchange))
        case .failure(let error): .failure(error)
        }
    }

    /// A connection to `peer`, counted as in use.
    private func connection(
        to peer: NodeID,
        at addresses: [PeerAddress],
        deadline: NIODeadline
    ) async throws(TransportError) -> ClientConnection {
        // Another caller's dial may fail at other addresses, and a connection may end as soon as it is there.
        let attemptsMax = 3
        var failure = TransportError(.connectionLost, "the connection to \(peer) ended as soon as it was made")
        for _ in 0..<attemptsMax {
            switch try core.checkout(peer, at: addresses) {
            case .connection(let connection):
                return connection
            case .dialing(let future, let tried):
                guard case .failure(let error) = await future.value(before: deadline, naming: "\(peer)") else {
                    continue
                }
                failure = error
                let hasMore = addresses.contains { !tried.contains($0) }
                guard hasMore, NIODeadline.now() < deadline, error.code != .cancelled else { throw error }
            }
        }
        throw failure
    }

    /// Turns an answer that is not 2xx into an error with the beginning of its text.
    private func accept(_ answer: PeerResponseStream) async -> Result<PeerResponseStream, TransportError> {
        guard !(200...299).contains(answer.status) else { return .success(answer) }
        var text = ""
        let bytesMax = core.limits.errorTextBytesMax
        while text.utf8.count < bytesMax, case .success(let chunk?) = await answer.nextChunk() {
            let printable = chunk.readableBytesView.prefix(bytesMax - text.utf8.count)
                .map { (0x20..<0x7F).contains($0) ? $0 : UInt8(ascii: "?") }
            text += String(decoding: printable, as: UTF8.self)
        }
        let message = "the peer answered \(answer.status): \(text)"
        return .failure(TransportError(.status, message, status: answer.status))
    }
}
