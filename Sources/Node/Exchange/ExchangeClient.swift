import Content
import Core
import Exchange
import NIOCore
import Publishing
import Synchronization
import Transport

/// Asks other nodes for blocks, and remembers how they did.
final class ExchangeClient: Sendable {
    /// How long a node may take to begin to answer.
    static let answerTimeout = Duration.seconds(4)
    /// How long the blocks of one request may take to arrive.
    static let bodyTimeout = Duration.seconds(60)

    private let client: PeerClient
    private let mesh: MeshService
    private let table = Mutex(ProviderTable())

    init(client: PeerClient, mesh: MeshService) {
        self.client = client
        self.mesh = mesh
    }

    /// How often a peer sent bytes that are not what they were asked by.
    var wrongBytesCount: UInt64 { table.withLock { $0.wrongBytesCount } }

    /// The order in which to ask, by what was seen of them; `preferred` order decides among equals.
    func order(_ candidates: [NodeID]) -> [NodeID] {
        var generator = SystemRandomNumberGenerator()
        return table.withLock { $0.order(candidates, now: Clock.now(), using: &generator) }
    }

    func hedgeDelay(_ node: NodeID) -> Duration { table.withLock { $0.hedgeDelay(for: node) } }

    /// Asks `node` for blocks and hands each to `receive` once it is verified.
    ///
    /// - Parameter expected: which blocks may come; anything else is refused. `nil` for what the node chooses.
    /// - Throws: ``TransportError``, ``ContentError`` `.wrongHash` when the node lied, and what `receive` throws.
    func blocks(
        _ request: ExchangeRequest,
        from node: NodeID,
        expected: Set<CID>? = nil,
        receive: (Block) async throws -> Void
    ) async throws {
        let started = ContinuousClock.now
        do {
            let answer = try await client.request(
                to: node,
                at: mesh.addresses(of: node),
                path: request.path,
                body: ByteBuffer(bytes: request.encoded),
                deadline: started + Self.answerTimeout,
                bodyDeadline: started + Self.bodyTimeout
            )
            table.withLock {
                $0.recordAnswer(from: node, firstByteAfter: ContinuousClock.now - started, now: Clock.now())
            }
            var reader = CARReader()
            for try await buffer in answer {
                buffer.withUnsafeReadableBytes { reader.feed($0) }
                while let block = try reader.next() {
                    guard expected?.contains(block.cid) ?? true else {
                        throw ContentError(.malformed, "\(node.short) sent a block that nobody asked for")
                    }
                    try await receive(block)
                }
            }
            try reader.finish()
        } catch let error as ContentError {
            table.withLock { $0.recordWrongBytes(from: node, now: Clock.now()) }
            throw error
        } catch let error as TransportError {
            // Being overtaken by a faster node is no failure of this one; neither is not having it.
            if error.code != .cancelled, error.status != 404 {
                table.withLock { $0.recordFailure(of: node, now: Clock.now()) }
            }
            throw error
        }
    }

    /// Which of `cids` a node says it has.
    func availability(of cids: [CID], at node: NodeID, within timeout: Duration) async throws -> [Bool] {
        let request = ExchangeRequest.have(cids)
        let answer = try await client.call(
            to: node,
            at: mesh.addresses(of: node),
            path: request.path,
            body: ByteBuffer(bytes: request.encoded),
            responseBytesMax: 8 * 1_024,
            deadline: .now + timeout
        )
        return try Availability(decoding: Array(answer.readableBytesView), count: cids.count).flags
    }
}
