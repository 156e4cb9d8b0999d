import Core
import Logging
import NIOCore
import NIOPosix
import Testing
import Transport

/// A node key of its own for each number.
func key(_ number: UInt64) -> SigningKey<NodeRole> {
    var rng = SplitMix64(seed: number)
    return SigningKey.generate(using: &rng)
}

func identity(_ number: UInt64) throws -> NodeIdentity {
    try NodeIdentity(key: key(number))
}

let loops = MultiThreadedEventLoopGroup.singleton
let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

extension ContinuousClock.Instant {
    /// Far enough that no test reaches it.
    static var distant: Self { .now + .seconds(60) }
}

/// A handler made of a closure.
struct Answering: PeerRequestHandling {
    var members: Set<NodeID>?
    let answer: @Sendable (PeerRequest) async throws -> PeerResponse

    init(members: Set<NodeID>? = nil, _ answer: @escaping @Sendable (PeerRequest) async throws -> PeerResponse) {
        self.members = members
        self.answer = answer
    }

    func handle(_ request: PeerRequest) async throws -> PeerResponse { try await answer(request) }
    func isMember(_ peer: NodeID) -> Bool { members?.contains(peer) ?? true }
}

/// Answers with the request's path and body.
let echo = Answering { request in
    var body = ByteBuffer(string: request.path + "|")
    body.writeImmutableBuffer(request.body)
    return .ok(body)
}

/// A running server, node number 1, and a client, node number 2.
struct Pair: Sendable {
    let server: PeerServer
    let client: PeerClient

    static let serverID = key(1).id
    static let clientID = key(2).id

    var address: String { server.address.description }

    func call(_ path: String, _ body: String = "", max: Int = 1 << 20) async throws(TransportError) -> String {
        let answer = try await client.call(
            to: Self.serverID,
            at: [address],
            path: path,
            body: ByteBuffer(string: body),
            responseBytesMax: max,
            deadline: .distant
        )
        return String(buffer: answer)
    }

    func open(
        _ path: String,
        deadline: ContinuousClock.Instant = .distant
    ) async throws(TransportError) -> PeerResponseStream {
        try await client.request(to: Self.serverID, at: [address], path: path, deadline: deadline)
    }
}

func startServer(
    _ number: UInt64 = 1,
    at address: String = "127.0.0.1:0",
    limits: PeerServerLimits = PeerServerLimits()
) async throws -> PeerServer {
    try await PeerServer.bind(
        to: PeerAddress(address),
        identity: identity(number),
        limits: limits,
        group: loops,
        logger: quiet
    )
}

func makeClient(_ number: UInt64 = 2, limits: PeerClientLimits = .patient) throws -> PeerClient {
    try PeerClient(identity: identity(number), limits: limits, group: loops, logger: quiet)
}

/// Runs `body` against a server with `handler`; both ends are closed afterwards.
func withPair(
    _ handler: Answering,
    server serverLimits: PeerServerLimits = PeerServerLimits(),
    client clientLimits: PeerClientLimits = .patient,
    _ body: @Sendable (Pair) async throws -> Void
) async throws {
    let pair = Pair(
        server: try await startServer(limits: serverLimits),
        client: try makeClient(limits: clientLimits)
    )
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await pair.server.run(handler) }
        do {
            try await body(pair)
        } catch {
            group.cancelAll()
            throw error
        }
        await pair.client.shutdown()
        group.cancelAll()
    }
}

/// Something that happens once, and that a test waits for.
final class Event: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream()
    }

    func happen() { continuation.finish() }

    /// Returns when it has happened, or when the task is cancelled.
    func wait() async {
        for await _ in stream {}
    }
}

/// Waits for a state that another thread reaches and that has no event of its own.
func eventually(_ condition: @Sendable () -> Bool) async {
    while !condition(), !Task.isCancelled { try? await Task.sleep(for: .milliseconds(1)) }
}

func expectFailure(
    _ code: TransportError.Code,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Void
) async {
    do {
        try await body()
        Issue.record("no error", sourceLocation: sourceLocation)
    } catch {
        #expect((error as? TransportError)?.code == code, "\(error)", sourceLocation: sourceLocation)
    }
}

extension PeerClientLimits {
    /// The defaults, without time limits that a busy test machine could reach.
    static var patient: PeerClientLimits {
        var limits = PeerClientLimits()
        limits.connectTimeMax = .seconds(30)
        limits.handshakeTimeMax = .seconds(30)
        limits.bodyStallTimeMax = .seconds(60)
        return limits
    }
}
