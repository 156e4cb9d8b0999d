import Core
import Exchange
import Logging
import Mesh
import NIOCore
import Publishing
import RecordStore
import Synchronization
import Transport

/// Runs the engines of a node: delivers messages, keeps time, persists records, hands repairs on.
package final class MeshService: Sendable {
    /// Messages that wait for delivery; more are dropped, gossip repeats itself.
    static let outboxMax = 8_192
    /// Deliveries under way at once.
    static let deliveriesMax = 256
    /// How long one delivery may take.
    static let deliveryTimeout = Duration.seconds(3)
    /// How often it is looked whether something is due.
    static let tickPeriod = Duration.milliseconds(100)
    /// Path of gossip between nodes.
    package static let gossipPath = "/gossip"
    /// Most messages and bytes in the answer to a message.
    package static let answerMessagesMax = 64
    package static let answerBytesMax = 4 << 20

    let node: NodeID
    let client: PeerClient
    let repairs: AsyncStream<RepairEffect>
    private let state: Mutex<MeshState>
    let records: RecordStore
    /// Where records of peers are decoded first; `nil` in tests that do without.
    let trial: RecordTrial?
    private let outbox: AsyncStream<(bytes: [UInt8], to: NodeID)>
    private let outboxInput: AsyncStream<(bytes: [UInt8], to: NodeID)>.Continuation
    private let repairsInput: AsyncStream<RepairEffect>.Continuation
    private let dropped = Atomic<Int>(0)
    let logger: Logger

    package init(
        state: MeshState,
        client: PeerClient,
        records: RecordStore,
        trial: RecordTrial? = nil,
        logger: Logger
    ) {
        node = state.mesh.node
        self.client = client
        self.records = records
        self.trial = trial
        self.logger = logger
        self.state = Mutex(state)
        (outbox, outboxInput) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(Self.outboxMax))
        (repairs, repairsInput) = AsyncStream.makeStream()
    }

    /// Reads what the engines know.
    package func read<Value>(_ body: (MeshState) throws -> Value) rethrows -> Value {
        try state.withLock { try body($0) }
    }

    /// The time by the mesh's clocks: what leases, statements, grants and tombstones are judged by.
    var meshNow: Instant { read { $0.mesh.meshNow(Clock.now()) } }

    /// Messages that were dropped because too many waited.
    var droppedCount: Int { dropped.load(ordering: .relaxed) }

    // MARK: - Events

    /// Takes back what this node knew when it stopped; call before ``start(admission:)``.
    package func remember(_ records: [(key: RecordKey, version: UInt64, bytes: [UInt8])]) {
        let now = Clock.now()
        // All of it is stored already.
        var outcome = state.withLock { state in
            state.run(now: now) { mesh, _ in mesh.remember(records, now: now) }
        }
        outcome.stored = []
        finish(outcome)
    }

    package func start(admission: AdmissionRecord?) {
        let now = Clock.now()
        finish(
            state.withLock { state in
                state.run(now: now) { mesh, rng in mesh.start(admission: admission, now: now, using: &rng) }
            }
        )
    }

    /// A peer's message; returns what is to be said in the answer to it.
    package func receive(_ bytes: [UInt8], from peer: NodeID, address: String?) async -> [[UInt8]] {
        // What time its sender says it is was true then, however long the trial takes.
        let now = Clock.now()
        guard await passesTrial(bytes, from: peer, now: now) else { return [] }
        return handle(bytes, from: peer, address: address, now: now)
    }

    /// The same for a message whose records passed their trial.
    package func handle(_ bytes: [UInt8], from peer: NodeID, address: String?) -> [[UInt8]] {
        handle(bytes, from: peer, address: address, now: Clock.now())
    }

    private func handle(_ bytes: [UInt8], from peer: NodeID, address: String?, now: Instant) -> [[UInt8]] {
        let digest = Digest(hashing: bytes)
        guard let slot = records.begin(digest) else { return [] }
        var outcome = state.withLock { state in
            state.run(now: now) { mesh, rng in
                mesh.handle(bytes, from: peer, address: address, now: now, using: &rng)
            }
        }
        records.end(slot)
        let answers = outcome.messages.filter { $0.to == peer }.map(\.bytes)
        outcome.messages.removeAll { $0.to == peer }
        finish(outcome)
        return answers
    }

    /// Refuses records with these digests from now on.
    func refuse(_ digests: [Digest]) {
        state.withLock { $0.mesh.quarantined.formUnion(digests) }
    }

    /// Signs nothing: spreads a record of this node's own making.
    ///
    /// - Returns: The messages that tell the others, to be delivered by the caller or by ``deliverLater(_:)``.
    /// - Throws: ``MeshError``; ``RecordStoreError`` when the record is known here and could not be saved: who said it
    ///   must not say that it is kept.
    package func submit(_ kind: RecordKind, _ bytes: [UInt8]) throws -> [(bytes: [UInt8], to: NodeID)] {
        let now = Clock.now()
        var outcome = try state.withLock { state in
            try state.run(now: now) { mesh, rng in try mesh.submit(kind, bytes, now: now, using: &rng) }
        }
        let messages = outcome.messages
        outcome.messages = []
        let stored = outcome
        (outcome.stored, outcome.forgotten) = ([], [])
        finish(outcome)
        try save(stored)
        return messages
    }

    /// Saves records that are known here once more, where that failed before.
    ///
    /// - Parameter prefix: What the records' subjects begin with.
    func saveAgain(_ kind: RecordKind, subjectPrefix prefix: [UInt8]) throws {
        let known = read { $0.mesh.records(of: kind) }.filter { $0.header.key.subject.starts(with: prefix) }
        try save(MeshState.Outcome(stored: known.map { (header: $0.header, bytes: $0.bytes) }))
    }

    func deliverLater(_ messages: [(bytes: [UInt8], to: NodeID)]) {
        for message in messages {
            if case .dropped = outboxInput.yield(message) { dropped.add(1, ordering: .relaxed) }
        }
    }

    /// Delivers and waits until each was taken, failed, or timed out.
    func deliver(_ messages: [(bytes: [UInt8], to: NodeID)]) async {
        await withDiscardingTaskGroup { group in
            for message in messages { group.addTask { await self.deliver(message.bytes, to: message.to) } }
        }
    }

    /// An event of the repair engine.
    package func repair(_ event: (inout RepairMachine, Instant) -> [RepairEffect]) {
        let now = Clock.now()
        finish(state.withLock { $0.runRepair(now: now, event) })
    }

    // MARK: - Running

    /// Keeps time and delivers until the task is cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.keepTime() }
            group.addTask { await self.deliverOutbox() }
            if let trial { group.addTask { await trial.run() } }
        }
    }

    private func keepTime() async {
        while !Task.isCancelled {
            let now = Clock.now()
            finish(state.withLock { $0.tick(now: now) })
            try? await Task.sleep(for: Self.tickPeriod)
        }
        outboxInput.finish()
        repairsInput.finish()
    }

    private func deliverOutbox() async {
        await withTaskGroup(of: Void.self) { group in
            var underWay = 0
            for await message in outbox {
                if underWay >= Self.deliveriesMax {
                    await group.next()
                    underWay -= 1
                }
                underWay += 1
                group.addTask { await self.deliver(message.bytes, to: message.to) }
            }
            group.cancelAll()
        }
    }

    private func deliver(_ bytes: [UInt8], to peer: NodeID) async {
        let addresses = addresses(of: peer)
        do {
            let answer = try await client.call(
                to: peer,
                at: addresses,
                path: Self.gossipPath,
                body: ByteBuffer(bytes: bytes),
                responseBytesMax: Self.answerBytesMax,
                deadline: .now + Self.deliveryTimeout
            )
            for message in Self.messages(in: Array(answer.readableBytesView)) {
                // What answers an answer goes out by itself, so that two nodes never talk in one exchange forever.
                deliverLater(await receive(message, from: peer, address: nil).map { ($0, peer) })
            }
        } catch {
            guard !Task.isCancelled, error.code != .cancelled, error.code != .closed else { return }
            logger.debug("gossip not delivered", metadata: ["peer": "\(peer.short)", "error": "\(error)"])
            let now = Clock.now()
            finish(
                state.withLock { state in
                    state.run(now: now) { mesh, rng in mesh.handleUnreachable(peer, now: now, using: &rng) }
                }
            )
        }
    }

    /// The TCP addresses at which a node may be reached.
    func addresses(of peer: NodeID) -> [String] {
        read { $0.mesh.locators(of: peer).filter { $0.type == "tcp" }.map(\.address) }
    }

    /// The answer to a gossip message: a CBOR array of messages, no bytes for none.
    ///
    /// - Returns: The answer, and the messages that found no room in it.
    package static func encode(_ messages: [[UInt8]]) -> (bytes: [UInt8], rest: [[UInt8]]) {
        guard !messages.isEmpty else { return ([], []) }
        var room = answerBytesMax - Self.headBytesMax
        let fitting = messages.prefix(answerMessagesMax).prefix { message in
            room -= message.count + Self.headBytesMax
            return room >= 0
        }
        return (CBOR.array(fitting.map { .bytes($0) }).encoded(), Array(messages.dropFirst(fitting.count)))
    }

    /// Most bytes that CBOR puts in front of an array or a byte string (RFC 8949 section 3).
    private static let headBytesMax = 9

    package static func messages(in bytes: [UInt8]) -> [[UInt8]] {
        guard !bytes.isEmpty, case .array(let items) = try? CBOR(decoding: bytes) else { return [] }
        return items.prefix(answerMessagesMax).compactMap { if case .bytes(let message) = $0 { message } else { nil } }
    }

    // MARK: - Consequences

    private func finish(_ outcome: MeshState.Outcome) {
        deliverLater(outcome.messages)
        for effect in outcome.repairs { repairsInput.yield(effect) }
        do {
            try save(outcome)
        } catch {
            // The mesh goes on from memory; after a restart gossip brings the record back.
            logger.error("a record of the mesh could not be saved", metadata: ["error": "\(error)"])
        }
    }

    private func save(_ outcome: MeshState.Outcome) throws(RecordStoreError) {
        guard !outcome.stored.isEmpty || !outcome.forgotten.isEmpty else { return }
        let put = outcome.stored.map {
            StoredRecord(key: $0.header.key, version: $0.header.version, expires: $0.header.expires, bytes: $0.bytes)
        }
        try records.apply(put: put, delete: outcome.forgotten)
    }
}
