import Core
import NIOCore
import Objects
import PieceStore

extension PieceDesk {
    /// Takes part of a piece; the last part makes the piece durable and is answered with this node's statement.
    ///
    /// - Parameter message: An encoded ``StorePart``; its units are hashed and written from where they lie.
    func take(part message: ByteBuffer, from peer: NodeID) async throws -> ByteBuffer {
        var body = message
        let headCount = try StorePartHead.byteCount(in: message.readableBytesView)
        guard let head = body.readBytes(length: headCount) else {
            throw ObjectsError(.malformed, "a part of a piece ends inside its header")
        }
        let (part, units) = (try StorePartHead(decoding: head, bodyByteCount: body.readableBytes), body)
        guard peer == mesh.node || mesh.read({ $0.mesh.member(peer) != nil }) else {
            throw NodeError(.mesh, "only nodes of this mesh may store pieces")
        }
        let now = Clock.now()
        if part.firstUnit == 0, let answer = try begin(part, from: peer, now: now) {
            return ByteBuffer(bytes: answer.encoded)
        }
        guard let session = sessions.borrow(part.piece, for: peer, now: now) else {
            let answer = StoreAnswer(state: .wantsMore, nextUnit: 0, statement: nil)
            guard !sessions.isTaken(part.piece, by: peer) else {
                throw PieceStoreError(.limit, "piece \(part.piece) is arriving already")
            }
            return ByteBuffer(bytes: answer.encoded)
        }
        do {
            let answer = try await work.run { try self.append(units, as: part, to: session) }
            sessions.giveBack(part.piece, now: Clock.now())
            if answer.state == .stored { _ = sessions.close(part.piece) }
            return ByteBuffer(bytes: answer.encoded)
        } catch {
            _ = sessions.close(part.piece)
            session.writer.discard()
            throw error
        }
    }

    /// - Returns: An answer when the piece is here already, `nil` when it may come.
    private func begin(_ part: StorePartHead, from peer: NodeID, now: Instant) throws -> StoreAnswer? {
        guard let bytes = part.record else { throw NodeError(.mesh, "the first part comes without a record") }
        guard !isLeaving else { throw NodeError(.mesh, "this node is leaving") }
        guard spaceLeft() >= part.pieceByteCount else {
            throw PieceStoreError(.full, "the space that this node lends is used up")
        }
        let record = try SegmentRecord(decoding: bytes)
        try part.check(against: record)
        let lease = try lease(of: record, part.renewal)
        let own = try statements(of: record.id).first { $0.node == key.id && $0.index == part.piece.index }
        let digest = try Digest(record.id.bytes)
        if let own, own.state == .holding, try store.contains(digest, part.piece.index) {
            return StoreAnswer(state: .hadAlready, nextUnit: record.layout.unitCount, statement: own.bytes)
        }
        guard !sessions.isTaken(part.piece, by: peer) else {
            throw PieceStoreError(.limit, "piece \(part.piece) is arriving from another node")
        }
        // Who begins anew has lost its way.
        sessions.close(part.piece)?.writer.discard()
        let writer = try store.begin(
            PieceDescription(
                segment: digest,
                index: part.piece.index,
                owner: record.owner.bytes,
                byteCount: record.layout.pieceByteCount,
                root: record.roots[part.piece.index],
                leaseEnd: lease.end,
                record: record.bytes,
                renewal: lease.renewal
            )
        )
        do {
            try sessions.open(
                part.piece,
                .init(peer: peer, record: record, leaseEnd: lease.end, writer: writer, lastPart: now)
            )
        } catch {
            writer.discard()
            throw error
        }
        return nil
    }

    /// Until when a segment may be kept here, and the owner's word for it where that is not its record.
    ///
    /// - Parameter bytes: The renewal that came with the record; what is known here counts as well.
    /// - Throws: ``NodeError`` when the segment may not be stored now, ``ObjectsError`` for a renewal that is not
    ///   its own.
    private func lease(
        of record: SegmentRecord,
        _ bytes: [UInt8]?
    ) throws -> (end: Instant, renewal: StoredRenewal?) {
        let (meshID, now) = mesh.read { ($0.mesh.mesh, $0.mesh.meshNow(Clock.now())) }
        guard record.mesh == meshID else { throw NodeError(.mesh, "the segment belongs to another mesh") }
        guard record.leaseEnd <= now + SegmentRecord.leaseMax else {
            throw NodeError(.mesh, "the segment's lease ends later than any may")
        }
        let known = try renewal(of: record.id)
        let words = try [bytes, known].compactMap { $0 }.compactMap { try counted($0, of: record, now: now) }
        let renewal = words.max(by: { $0.until < $1.until })
        // Where a device that counts renewed a segment, it does not matter what became of the one that stored it.
        guard renewal != nil || devices.isActive(record.device, of: record.owner) else {
            throw NodeError(.mesh, "the device \(record.device.short) was revoked by its owner")
        }
        guard let renewal, renewal.until > record.leaseEnd else {
            guard record.leaseEnd > now else {
                throw NodeError(.mesh, "the segment's lease has ended, and no renewal of it came along")
            }
            return (record.leaseEnd, renewal)
        }
        return (renewal.until, renewal)
    }

    /// - Returns: `nil` for a renewal that counts no more, or not yet.
    private func counted(_ bytes: [UInt8], of record: SegmentRecord, now: Instant) throws -> StoredRenewal? {
        let renewal = try LeaseRenewal(decoding: bytes)
        guard renewal.renews(record) else {
            throw ObjectsError(.mismatch, "the renewal that came along is not one of the segment \(record.id)")
        }
        guard isValid(renewal, now: now), renewal.until > now else { return nil }
        return StoredRenewal(until: renewal.until, bytes: bytes)
    }

    private func append(
        _ body: ByteBuffer,
        as part: StorePartHead,
        to session: PieceSessions.Session
    ) throws -> StoreAnswer {
        let layout = session.record.layout
        let writer = session.writer
        guard part.firstUnit == writer.unitsWritten else {
            return StoreAnswer(state: .wantsMore, nextUnit: writer.unitsWritten, statement: nil)
        }
        try part.check(against: session.record)
        try body.withUnsafeReadableBytes { bytes in
            try writer.append(bytes)
        }
        guard writer.unitsWritten == layout.unitCount else {
            return StoreAnswer(state: .wantsMore, nextUnit: writer.unitsWritten, statement: nil)
        }
        let statement = try statement(
            on: part.piece,
            .holding,
            until: session.leaseEnd,
            made: meshNow
        )
        try writer.commit(statement: statement.stored)
        keep(session.record)
        eventInput.yield(.held(session.record, index: part.piece.index, statement))
        return StoreAnswer(state: .stored, nextUnit: layout.unitCount, statement: statement.bytes)
    }

    /// What this node says of a piece.
    ///
    /// - Parameter made: When the piece was made here; the same in all statements on it.
    func statement(
        on piece: PieceID,
        _ state: PieceStatement.State,
        until: Instant,
        made: Instant,
        renewal: UInt64 = 0
    ) throws -> PieceStatement {
        try PieceStatement(
            mesh: mesh.read { $0.mesh.mesh },
            piece: piece,
            state: state,
            until: until,
            version: PieceStatement.version(made: made, renewal: state == .holding ? renewal : .max),
            node: key
        )
    }
}
