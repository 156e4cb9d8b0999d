import Content
import Core
import Exchange
import NIOCore
import Publishing
import Synchronization
import Transport

/// How long other nodes are waited for.
package struct ExchangeTimeouts: Sendable {
    /// How long a node may take to begin to answer.
    package var answer = Duration.seconds(4)
    /// How long the blocks of one request may take to arrive.
    package var body = Duration.seconds(60)

    package init() {}
}

/// Asks other nodes for blocks, and remembers how they did.
package final class ExchangeClient: Sendable {
    private let client: PeerClient
    private let mesh: MeshService
    private let timeouts: ExchangeTimeouts
    private let table = Mutex(ProviderTable())
    /// Nodes that are taken for lost: nothing is asked of them.
    private let absent: Set<NodeID>

    package init(
        client: PeerClient,
        mesh: MeshService,
        timeouts: ExchangeTimeouts = ExchangeTimeouts(),
        absent: Set<NodeID> = []
    ) {
        self.client = client
        self.mesh = mesh
        self.timeouts = timeouts
        self.absent = absent
    }

    /// How often a peer sent bytes that are not what they were asked by.
    package var wrongBytesCount: UInt64 { table.withLock { $0.wrongBytesCount } }

    /// The order in which to ask, by what was seen of them; `preferred` order decides among equals.
    package func order(_ candidates: [NodeID]) -> [NodeID] {
        var generator = SystemRandomNumberGenerator()
        return table.withLock { $0.order(candidates, now: Clock.now(), using: &generator) }
    }

    func hedgeDelay(_ node: NodeID) -> Duration { table.withLock { $0.hedgeDelay(for: node) } }

    /// Notes that `node` sent what nobody asked for; it is asked last for a while.
    func recordWrongBytes(from node: NodeID) {
        table.withLock { $0.recordWrongBytes(from: node, now: Clock.now()) }
    }

    /// Asks `node` for blocks and hands each to `receive` once it is verified; none comes twice.
    ///
    /// - Parameter expected: which blocks may come; anything else is refused. `nil` for what the node chooses.
    /// - Throws: ``TransportError``, ``ContentError`` when the node lied, and what `receive` throws.
    package func blocks(
        _ request: ExchangeRequest,
        from node: NodeID,
        expected: Set<CID>? = nil,
        receive: (Block) async throws -> Void
    ) async throws {
        try refuse(node)
        let started = ContinuousClock.now
        do {
            let answer = try await client.request(
                to: node,
                at: mesh.addresses(of: node),
                path: request.path,
                body: ByteBuffer(bytes: request.encoded),
                deadline: started + timeouts.answer,
                bodyDeadline: started + timeouts.body
            )
            table.withLock {
                $0.recordAnswer(from: node, firstByteAfter: ContinuousClock.now - started, now: Clock.now())
            }
            var blocks = AnswerReader(expected: expected)
            for try await buffer in answer {
                buffer.withUnsafeReadableBytes { blocks.feed($0) }
                // What `receive` objects to is the content, not the node that sent what it was asked for.
                while let block = try judging(node, { () throws(ContentError) in try blocks.next() }) {
                    try await receive(block)
                }
            }
            try judging(node) { () throws(ContentError) in try blocks.finish() }
        } catch let error as TransportError {
            // Being overtaken by a faster node is no failure of this one; neither is not having it.
            if error.code != .cancelled, error.status != 404 {
                table.withLock { $0.recordFailure(of: node, now: Clock.now()) }
            }
            throw error
        }
    }

    private func refuse(_ node: NodeID) throws(NodeError) {
        guard !absent.contains(node) else { throw NodeError(.unreachable, "\(node.short) is taken for lost") }
    }

    private func judging<Value>(
        _ node: NodeID,
        _ body: () throws(ContentError) -> Value
    ) throws(ContentError) -> Value {
        do { return try body() } catch {
            recordWrongBytes(from: node)
            throw error
        }
    }

    /// Which of `cids` a node says it has.
    func availability(of cids: [CID], at node: NodeID, within timeout: Duration) async throws -> [Bool] {
        try refuse(node)
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

/// The blocks of an answer: each verified, each asked for, each once.
private struct AnswerReader {
    private var reader = CARReader()
    private let expected: Set<CID>?
    private var seen: Set<CID> = []

    init(expected: Set<CID>?) {
        self.expected = expected
    }

    mutating func feed(_ bytes: UnsafeRawBufferPointer) { reader.feed(bytes) }

    mutating func next() throws(ContentError) -> Block? {
        guard let block = try reader.next() else { return nil }
        guard expected?.contains(block.cid) ?? true else {
            throw ContentError(.malformed, "the block \(block.cid) came, which nobody asked for")
        }
        guard seen.insert(block.cid).inserted else {
            throw ContentError(.malformed, "the block \(block.cid) came twice in one answer")
        }
        return block
    }

    func finish() throws(ContentError) { try reader.finish() }
}
