import Core
import Objects
import PieceStore

/// What this node and the other holders of a segment tell each other.
extension SegmentRepairService {
    /// Segments in one exchange: what all holders say of them fits in one message.
    static let segmentsPerSync = 16
    /// Holders that are asked for a segment of which nothing is known here but the piece.
    static let teachersMax = 2
    /// How long it is waited after nobody could be asked.
    static let relearnDelay = Duration.seconds(30)

    /// Says to a node what is known of segments, and learns what it knows.
    func sync(_ segments: [Digest], with node: NodeID) async {
        do {
            for start in stride(from: 0, to: segments.count, by: Self.segmentsPerSync) {
                let batch = segments[start..<min(start + Self.segmentsPerSync, segments.count)].map { SegmentID($0) }
                try await exchange(batch, with: node)
            }
        } catch {
            guard !Task.isCancelled else { return }
            logger.debug("holders could not be compared", metadata: ["node": "\(node.short)", "error": "\(error)"])
        }
    }

    private func exchange(_ segments: [SegmentID], with node: NodeID) async throws {
        let desk = desk
        let message = try await desk.work.run {
            var statements: [[UInt8]] = []
            var tombstones: Set<[UInt8]> = []
            for id in segments {
                for tombstone in try desk.removals(of: id) { tombstones.insert(tombstone.bytes) }
                for statement in try desk.statements(of: id) { statements.append(statement.bytes) }
            }
            return try SyncMessage(
                statements: Array(statements.prefix(SyncMessage.statementsMax)),
                tombstones: Array(
                    tombstones.sorted { $0.lexicographicallyPrecedes($1) }.prefix(SyncMessage.tombstonesMax)
                ),
                renewals: Array(desk.renewals(of: segments).prefix(SyncMessage.renewalsMax)),
                askingAbout: segments
            )
        }
        let answer = try await withDeadline(Self.syncTimeMax) { [rebuild] in
            try await rebuild.client.sync(message, with: node)
        }
        try await desk.work.run { try desk.take(answer: answer) }
    }

    // MARK: - After the index was lost

    /// Asks the other holders what they say, where an index that was built anew does not have it.
    func relearn() async {
        for await id in unlearned {
            guard !Task.isCancelled else { return }
            do {
                try await relearn(id)
            } catch {
                guard !Task.isCancelled else { return }
                logger.debug(
                    "what others hold of a segment could not be learnt again yet",
                    metadata: ["segment": "\(id)", "error": "\(error)"]
                )
                try? await Task.sleep(for: Self.relearnDelay)
                unlearnedInput.yield(id)
            }
        }
    }

    private func relearn(_ id: SegmentID) async throws {
        let record: SegmentRecord
        do { record = try await desk.work.run { [desk] in try desk.record(of: id) } } catch is NodeError { return }
        let known = try await rebuild.search.find(id, code: record.code, grant: nil, everything: true)
        let now = desk.meshNow
        let holders = Set(known.places(now: now).map(\.node)).subtracting([mesh.node]).sorted()
        let teachers = mesh.read { state in holders.filter { state.mesh.member($0)?.isAlive == true } }
        guard !teachers.isEmpty else { throw NodeError(.mesh, "none of the other holders answers") }
        for node in teachers.prefix(Self.teachersMax) { try await exchange([id], with: node) }
        // This node's own statements may have come back, with the time when its pieces were made.
        let own = try await desk.work.run { [desk] in try desk.statements(of: id) }
        for statement in own where statement.node == mesh.node && statement.state == .holding {
            held(record, index: statement.index, made: statement.made, leaseEnd: statement.until)
        }
    }
}

extension PieceDesk {
    /// Whether this node does not remember what it said of the pieces that it holds, as after its index was built anew.
    func isUnlearned(_ record: SegmentOutline, _ pieces: [Int], _ statements: [StoredStatement]) -> Bool {
        let own = key.id.bytes
        return pieces.contains { index in
            let known = statements.first { $0.node == own && $0.piece.index == index }
            return known.map { $0.made == record.created } ?? true
        }
    }

    /// States that this node holds what it holds, as if it had been made with the segment: whoever knows better says so.
    func stateAnew(_ record: SegmentRecord) throws {
        let known = try store.statements(of: record.id.digest)
        let own = key.id.bytes
        for index in try store.pieces(of: record.id.digest) {
            guard !known.contains(where: { $0.node == own && $0.piece.index == index }) else { continue }
            let fresh = try statement(
                on: PieceID(segment: record.id, index: index),
                .holding,
                until: leaseEnd(of: record, piece: index),
                made: record.created
            )
            try store.putStatements([fresh.stored])
        }
    }
}
