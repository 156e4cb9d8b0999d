import Core
import Logging
import Mesh
import NIOCore
import Objects
import PieceStore
import Synchronization
import Transport

/// Answers other nodes, and this one, on pieces: stores, serves, names holders, takes statements and tombstones.
package final class PieceDesk: Sendable {
    /// Units in one answer: 4 MiB.
    static let unitsPerReadMax = 64
    /// Decoded grants kept: a reader shows the same one with every window.
    static let grantsKeptMax = 64
    /// Decoded segment records kept.
    static let recordsKeptMax = 1_024

    let store: PieceStore
    let mesh: MeshService
    let work: BlockingWork
    let devices: DeviceRegistry
    let key: SigningKey<NodeRole>
    let logger: Logger
    /// Bytes of the lent space that neither pieces nor copies use; what is cached gives way.
    let spaceLeft: @Sendable () -> Int64
    let sessions = PieceSessions()
    let events: AsyncStream<PieceEvent>
    let eventInput: AsyncStream<PieceEvent>.Continuation
    private let refusesNew = Atomic<Bool>(false)
    private let records = Mutex<[SegmentID: SegmentRecord]>([:])
    /// Verified, by what they are encoded as.
    private let grants = Mutex<[[UInt8]: Grant]>([:])

    package init(
        store: PieceStore,
        mesh: MeshService,
        work: BlockingWork,
        devices: DeviceRegistry,
        key: SigningKey<NodeRole>,
        spaceLeft: @escaping @Sendable () -> Int64 = { .max },
        logger: Logger
    ) {
        self.store = store
        self.mesh = mesh
        self.work = work
        self.devices = devices
        self.key = key
        self.spaceLeft = spaceLeft
        self.logger = logger
        (events, eventInput) = AsyncStream.makeStream(of: PieceEvent.self)
    }

    /// Paths that this desk answers.
    static let paths: Set<String> = [StorePart.path, PieceRead.path, HoldersRequest.path, SyncMessage.path]

    /// The answer to another node: what is refused is refused with a reason.
    package func response(path: String, body: ByteBuffer, from peer: NodeID) async throws -> PeerResponse {
        do {
            return .ok(try await answer(path: path, body: body, from: peer))
        } catch let error as ObjectsError {
            return .failure(400, error.message)
        } catch let error as PieceStoreError {
            return .failure(Self.status(of: error), error.message)
        } catch let error as NodeError {
            return .failure(error.code == .notFound ? 404 : 403, error.message)
        }
    }

    /// - Throws: ``ObjectsError`` for a request that makes no sense, ``PieceStoreError`` and ``NodeError`` for a refusal.
    func answer(path: String, body: ByteBuffer, from peer: NodeID) async throws -> ByteBuffer {
        switch path {
        case StorePart.path: try await take(part: body, from: peer)
        case PieceRead.path: try await read(PieceRead(decoding: Array(body.readableBytesView)), for: peer)
        case HoldersRequest.path: try await holders(HoldersRequest(decoding: Array(body.readableBytesView)), for: peer)
        case SyncMessage.path:
            try await sync(SyncMessage(decoding: Array(body.readableBytesView), as: .request), with: peer)
        default: throw NodeError(.notFound, "nothing is at \(path)")
        }
    }

    private static func status(of error: PieceStoreError) -> Int {
        switch error.code {
        case .notStored: 404
        case .full, .ownerLimit, .diskFull: 507
        case .limit: 503
        case .tombstoned: 410
        default: 409
        }
    }

    /// Whether pieces that come anew are refused, since this node is leaving.
    var isLeaving: Bool { refusesNew.load(ordering: .relaxed) }

    func refuseNew(_ refuses: Bool) { refusesNew.store(refuses, ordering: .relaxed) }

    /// Gives up pieces of which nothing came for long, and the space that was kept for them.
    package func sweep(now: Instant) { sessions.sweep(now: now) }

    // MARK: - What everything needs

    var meshNow: Instant { mesh.read { $0.mesh.meshNow(Clock.now()) } }

    /// The record of a segment that is held here.
    ///
    /// - Throws: ``NodeError`` `.notFound` when nothing of it is here.
    func record(of id: SegmentID) throws -> SegmentRecord {
        if let record = records.withLock({ $0[id] }) { return record }
        guard let bytes = try store.record(of: Digest(id.bytes)) else {
            throw NodeError(.notFound, "nothing of the segment \(id) is here")
        }
        let record = try SegmentRecord(decoding: bytes)
        keep(record)
        return record
    }

    func keep(_ record: SegmentRecord) {
        records.withLock { records in
            if records.count >= Self.recordsKeptMax { records = [:] }
            records[record.id] = record
        }
    }

    func statements(of id: SegmentID) throws -> [PieceStatement] {
        try store.statements(of: Digest(id.bytes)).compactMap { try? PieceStatement(decoding: $0.bytes) }
    }

    /// Whether `peer` may read pieces: with the owner's grant, or as a holder that repairs; what is public, as a member.
    func mayRead(_ record: SegmentRecord, _ peer: NodeID, grant: [UInt8]?) throws -> Bool {
        let now = meshNow
        if record.isPublic, peer == mesh.node || mesh.read({ $0.mesh.member(peer) != nil }) { return true }
        if let grant {
            let grant = try verified(grant)
            return grant.allows(peer, toRead: record, now: now) && devices.isActive(grant.device, of: grant.owner)
        }
        if peer == mesh.node { return true }
        return try store.statements(of: record.id.digest).contains { statement in
            statement.node == peer.bytes && statement.isHolding(now: now)
        }
    }

    private func verified(_ bytes: [UInt8]) throws -> Grant {
        if let grant = grants.withLock({ $0[bytes] }) { return grant }
        let grant = try Grant(decoding: bytes)
        grants.withLock { grants in
            if grants.count >= Self.grantsKeptMax { grants = [:] }
            grants[bytes] = grant
        }
        return grant
    }
}
