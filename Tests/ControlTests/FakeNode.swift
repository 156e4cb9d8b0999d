import Control
import Synchronization

/// A node that a test plays: `publish` reports one step and then waits until it is let go or cancelled.
final class FakeNode: NodeControl {
    /// What a blocked `publish` came to.
    enum Ending: Sendable, Equatable {
        case finished, cancelled
    }

    static let step = OperationProgress(phase: "importing", unit: .files, done: 7, total: 9)
    static let status = NodeStatus(
        node: "k51node",
        operator: "k51operator",
        mesh: "bafymesh",
        version: "1.2.3",
        uptimeSeconds: 5,
        listen: "127.0.0.1:1",
        gateway: "127.0.0.1:2",
        members: .init(alive: 2, known: 3),
        copies: .init(live: 4, target: 5),
        sites: 1,
        pieces: .init(live: 6, target: 7),
        debt: 1,
        storage: .init(used: 1, limit: 2, cacheUsed: 3, cacheLimit: 4),
        counters: ["a": 1]
    )

    let endings: AsyncStream<Ending>
    let objects = FakeObjects()
    let ended: AsyncStream<Ending>.Continuation
    private let gate: AsyncStream<Void>
    private let opener: AsyncStream<Void>.Continuation
    private let seen = Mutex<[PublishRequest]>([])

    init() {
        (endings, ended) = AsyncStream.makeStream()
        (gate, opener) = AsyncStream.makeStream()
    }

    var requests: [PublishRequest] { seen.withLock { $0 } }

    func letGo() { opener.finish() }

    func status() async throws -> NodeStatus { Self.status }

    func invite(expires: Duration?, once: Bool) async throws -> String {
        "invite \(expires.map { "\($0.components.seconds)" } ?? "never") \(once)"
    }

    func publish(
        _ request: PublishRequest,
        progress: @escaping @Sendable (OperationProgress) -> Void
    ) async throws -> PublishResult {
        seen.withLock { $0.append(request) }
        progress(Self.step)
        for await _ in gate {}
        ended.yield(Task.isCancelled ? .cancelled : .finished)
        try Task.checkCancellation()
        return PublishResult(
            name: "k51",
            root: "bafy",
            url: "http://x/",
            copiesPlaced: 1,
            copiesWanted: 5
        )
    }

    func unpublish(_ name: String) async throws {
        throw ControlError(.notFound, "there is no name '\(name)'")
    }

    func names() async throws -> [NameEntry] { [] }

    func importCAR(
        path: String,
        progress: @escaping @Sendable (OperationProgress) -> Void
    ) async throws -> [String] { throw ControlError(.badInput, "\(path) is damaged") }

    func exportCAR(
        cid: String,
        to path: String,
        progress: @escaping @Sendable (OperationProgress) -> Void
    ) async throws -> Int { cid.utf8.count }

    func doctor() async throws -> [Finding] {
        [Finding("clock", .problem, "it is off", advice: "set it")]
    }

    /// The request comes back in what it loses.
    func drill(
        _ request: DrillRequest,
        progress: @escaping @Sendable (OperationProgress) -> Void
    ) async throws -> DrillResult {
        if request.lose == ["operator:nobody"] { throw ControlError(.notFound, "no operator is called so") }
        progress(Self.step)
        return FakeDrill.result(request)
    }
}
