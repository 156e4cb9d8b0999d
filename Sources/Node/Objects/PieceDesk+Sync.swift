import Core
import NIOCore
import Objects
import PieceStore

extension PieceDesk {
    /// Takes what another node knows of segments, and says what this one does of those it asks about.
    func sync(_ message: SyncMessage, with peer: NodeID) async throws -> ByteBuffer {
        guard peer == mesh.node || mesh.read({ $0.mesh.member(peer) != nil }) else {
            throw NodeError(.mesh, "only nodes of this mesh exchange what they hold")
        }
        return try await work.run {
            for bytes in message.tombstones { try self.take(tombstone: bytes) }
            for bytes in message.renewals { try self.take(renewal: bytes) }
            let removed = try self.take(statements: message.statements)
            return ByteBuffer(bytes: try self.answer(message.segments, removed).encoded)
        }
    }

    /// Takes what the answer to a sync said.
    func take(answer: SyncMessage) throws {
        for bytes in answer.tombstones { try take(tombstone: bytes) }
        for bytes in answer.renewals { try take(renewal: bytes) }
        _ = try take(statements: answer.statements)
    }

    /// - Returns: Segments of which something was said and that their owner removed.
    private func take(statements: [[UInt8]]) throws -> Set<SegmentID> {
        let now = meshNow
        let meshID = mesh.read { $0.mesh.mesh }
        var stored: [StoredStatement] = []
        var removed: Set<SegmentID> = []
        var news: [PieceStatement] = []
        // Of the last segment only: a message has those of one segment together.
        var (known, knownSegment) = ([StoredStatement](), SegmentID?.none)
        var knownBytes: Set<[UInt8]> = []
        var strangers = 0
        // What is here already was verified when it came.
        for bytes in statements where !knownBytes.contains(bytes) {
            let statement = try PieceStatement(decoding: bytes)
            guard statement.mesh == meshID, statement.until > now else { continue }
            let id = statement.segment
            if try !removals(of: id).isEmpty {
                removed.insert(id)
                continue
            }
            guard let record = try? record(of: id), statement.index < record.code.totalCount else { continue }
            if knownSegment != id {
                known = try store.statements(of: id.digest)
                knownSegment = id
                knownBytes = Set(known.map(\.bytes))
                strangers = 0
            }
            let last = known.first { $0.node == statement.node.bytes && $0.piece.index == statement.index }
            guard statement.version > last?.version ?? 0 else { continue }
            if last == nil, !isMember(statement.node) {
                strangers += 1
                guard known.count + strangers < record.code.totalCount + Self.strangersMax else { continue }
            }
            stored.append(try statement.stored)
            news.append(statement)
        }
        try store.putStatements(stored)
        for statement in news { eventInput.yield(.stated(statement)) }
        return removed
    }

    /// How many statements of a segment may be beyond one for each of its pieces before nodes that this one does not know are
    /// not taken any more. A node that joined a moment ago is known to some and not to others; invented ones must not fill the index.
    static let strangersMax = 16

    private func isMember(_ node: NodeID) -> Bool { mesh.read { $0.mesh.member(node) != nil } }

    /// The removals of a segment that count: where its record is here, those of its owner alone.
    ///
    /// What somebody else said of it before it came is remembered too, and means nothing.
    func removals(of id: SegmentID) throws -> [StoredTombstone] {
        let tombstones = try store.tombstones(of: Digest(id.bytes))
        guard !tombstones.isEmpty, let record = try? record(of: id) else { return tombstones }
        return tombstones.filter { $0.owner == record.owner.bytes }
    }

    private func take(tombstone bytes: [UInt8]) throws {
        let tombstone = try Tombstone(decoding: bytes)
        guard devices.isActive(tombstone.device, of: tombstone.owner) else { return }
        let until = meshNow + SegmentRecord.leaseMax
        let entombed = try store.entomb(
            tombstone.segments.map { try Digest($0.bytes) },
            owner: tombstone.owner.bytes,
            until: until,
            bytes: bytes
        )
        guard entombed > 0 else { return }
        sessions.drop(tombstone.segments, of: tombstone.owner)
        eventInput.yield(.entombed(tombstone.segments))
    }

    private func answer(_ segments: [SegmentID], _ removed: Set<SegmentID>) throws -> SyncMessage {
        var statements: [[UInt8]] = []
        var tombstones: Set<[UInt8]> = []
        for id in segments + removed.sorted() {
            for tombstone in try removals(of: id) where tombstones.count < SyncMessage.tombstonesMax {
                tombstones.insert(tombstone.bytes)
            }
            for statement in try self.statements(of: id) where statements.count < SyncMessage.statementsMax {
                statements.append(statement.bytes)
            }
        }
        return try SyncMessage(
            answering: statements,
            tombstones: tombstones.sorted { $0.lexicographicallyPrecedes($1) },
            renewals: Array(renewals(of: segments).prefix(SyncMessage.renewalsMax))
        )
    }
}
