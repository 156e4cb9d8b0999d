import Core
import Objects
import Owners
import PieceStore
import Synchronization

/// Pieces that are arriving, part by part.
final class PieceSessions: Sendable {
    /// Pieces that arrive at once; each holds its space on the disk reserved.
    static let sessionsMax = 256
    /// A piece of which nothing came for so long is dropped.
    static let silenceMax = Duration.seconds(60)

    /// One piece on its way.
    struct Session: Sendable {
        let peer: NodeID
        let record: SegmentRecord
        /// Until when the segment is kept, by its record or its renewal.
        let leaseEnd: Instant
        let writer: PieceWriter
        var lastPart: Instant
        /// Whether a part is being written just now.
        var isBusy = false
        /// Whether its owner removed the segment meanwhile.
        var isRemoved = false
    }

    private let state = Mutex<[PieceID: Session]>([:])

    var count: Int { state.withLock { $0.count } }

    /// Takes a session for one part; nobody else gets it until ``giveBack(_:now:)``.
    ///
    /// - Returns: `nil` when there is none, or it belongs to another node or is busy.
    func borrow(_ piece: PieceID, for peer: NodeID, now: Instant) -> Session? {
        state.withLock { sessions in
            guard var session = sessions[piece], session.peer == peer, !session.isBusy else { return nil }
            session.isBusy = true
            session.lastPart = now
            sessions[piece] = session
            return session
        }
    }

    func giveBack(_ piece: PieceID, now: Instant) {
        let removed = state.withLock { sessions in
            sessions[piece]?.isBusy = false
            sessions[piece]?.lastPart = now
            return sessions[piece]?.isRemoved == true ? sessions.removeValue(forKey: piece) : nil
        }
        removed?.writer.discard()
    }

    /// Whether another node is sending this piece, or this one has not finished its last part.
    func isTaken(_ piece: PieceID, by peer: NodeID) -> Bool {
        state.withLock { $0[piece].map { $0.peer != peer || $0.isBusy } ?? false }
    }

    /// - Throws: ``PieceStoreError`` `.limit` when too many pieces arrive at once.
    func open(_ piece: PieceID, _ session: Session) throws {
        try state.withLock { sessions in
            guard sessions.count < Self.sessionsMax else {
                throw PieceStoreError(.limit, "\(Self.sessionsMax) pieces are arriving already; ask again later")
            }
            sessions[piece] = session
        }
    }

    func close(_ piece: PieceID) -> Session? {
        state.withLock { $0.removeValue(forKey: piece) }
    }

    /// Gives up what arrives of segments that their owner removed; what is being written just now goes when it is written.
    func drop(_ segments: [SegmentID], of owner: OwnerID) {
        let gone = state.withLock { sessions in
            let removed = sessions.filter { $1.record.owner == owner && segments.contains($0.segment) }
            for piece in removed.keys { sessions[piece]?.isRemoved = true }
            let gone = removed.filter { !$1.isBusy }
            for piece in gone.keys { sessions[piece] = nil }
            return Array(gone.values)
        }
        for session in gone { session.writer.discard() }
    }

    /// Gives up what nobody sends any more.
    func sweep(now: Instant) {
        let silent = state.withLock { sessions in
            let silent = sessions.filter { !$0.value.isBusy && now - $0.value.lastPart > Self.silenceMax }
            for piece in silent.keys { sessions[piece] = nil }
            return Array(silent.values)
        }
        for session in silent { session.writer.discard() }
    }
}
