import BlockStore
import Content
import Core
import Exchange
import Mesh
import NIOCore
import Transport

/// Answers other nodes: gossip, blocks, pieces, requests to hold a site, admissions.
package struct PeerRouter: PeerRequestHandling {
    let mesh: MeshService
    let store: BlockStore
    let work: BlockingWork
    let desk: InvitationDesk
    let holds: HoldDesk
    let pieces: PieceDesk
    package let reads = ReadCounters()

    package init(
        mesh: MeshService,
        store: BlockStore,
        work: BlockingWork,
        desk: InvitationDesk,
        holds: HoldDesk,
        pieces: PieceDesk
    ) {
        self.mesh = mesh
        self.store = store
        self.work = work
        self.desk = desk
        self.holds = holds
        self.pieces = pieces
    }

    package func isMember(_ peer: NodeID) -> Bool {
        mesh.read { $0.mesh.member(peer) != nil }
    }

    package func handle(_ request: PeerRequest) async throws -> PeerResponse {
        reads.note(request.path)
        if PieceDesk.paths.contains(request.path) {
            return try await pieces.response(path: request.path, body: request.body, from: request.peer)
        }
        let body = Array(request.body.readableBytesView)
        if request.path == MeshService.gossipPath {
            let answers = await mesh.receive(body, from: request.peer, address: request.remoteAddress?.host)
            let (bytes, rest) = MeshService.encode(answers)
            mesh.deliverLater(rest.map { ($0, request.peer) })
            return .ok(ByteBuffer(bytes: bytes))
        }
        do {
            guard let exchange = try ExchangeRequest.decode(path: request.path, body: body) else {
                return .failure(404, "nothing is at \(request.path)")
            }
            return try await answer(exchange, from: request.peer)
        } catch let error as ExchangeError {
            return .failure(error.code == .tooLarge ? 413 : 400, error.message)
        }
    }

    private func answer(_ request: ExchangeRequest, from peer: NodeID) async throws -> PeerResponse {
        switch request {
        case .blocks(let cids):
            guard let first = cids.first else { return .failure(400, "no blocks were asked for") }
            var seen: Set<CID> = []
            return ArchiveWriting(store: store, work: work).response(
                root: first,
                cids: cids.filter { seen.insert($0).inserted }
            )
        case .have(let cids):
            let present = try await work.run { try store.contains(cids) }
            return .ok(ByteBuffer(bytes: Availability(cids.map(present.contains)).encoded))
        case .entity(let root, let path, let bytes):
            return try await entity(root, path, bytes)
        case .hold(let publication):
            guard isMember(peer) else { return .failure(403, "only nodes of this mesh may place copies") }
            return holds.response(to: publication, from: peer)
        case .admit(let admission):
            do {
                let signed = try await work.run { try desk.countersign(admission) }
                return .ok(ByteBuffer(bytes: signed.bytes))
            } catch let error as NodeError {
                return .failure(403, error.message)
            }
        }
    }

    /// The blocks on a path and of what lies there, as far as they are here.
    private func entity(_ root: CID, _ path: [String], _ bytes: ClosedRange<UInt64>?) async throws -> PeerResponse {
        let selection = TrustlessSelection(
            root: root,
            path: path,
            scope: .entity,
            bytes: bytes.map { .init(from: Int64(clamping: $0.lowerBound), to: Int64(clamping: $0.upperBound)) }
        )
        let store = store
        let found = try await work.run { EntityWalk.reach(selection) { try Self.block($0, in: store) } }
        guard !found.isEmpty else { return .failure(404, "\(root) is not here") }
        return ArchiveWriting(store: store, work: work).response(root: root, cids: found)
    }

    private static func block(_ cid: CID, in store: BlockStore) throws -> [UInt8] {
        // A damaged block is not here either.
        guard let block = try? store.read(cid) else { throw BlockMissing(cid: cid) }
        return Array(block.readableBytesView)
    }
}
