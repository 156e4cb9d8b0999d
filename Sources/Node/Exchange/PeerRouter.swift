import BlockStore
import Content
import Core
import Exchange
import Mesh
import NIOCore
import Transport

/// Answers other nodes: gossip, blocks, requests to hold a site, admissions.
struct PeerRouter: PeerRequestHandling {
    let mesh: MeshService
    let store: BlockStore
    let work: BlockingWork
    let desk: InvitationDesk
    let holds: HoldDesk

    func isMember(_ peer: NodeID) -> Bool {
        mesh.read { $0.mesh.member(peer) != nil }
    }

    func handle(_ request: PeerRequest) async throws -> PeerResponse {
        let body = Array(request.body.readableBytesView)
        if request.path == MeshService.gossipPath {
            let answers = mesh.receive(body, from: request.peer, address: request.remoteAddress?.host)
            return .ok(answers.isEmpty ? ByteBuffer() : ByteBuffer(bytes: MeshService.encode(answers)))
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
            return ArchiveWriting(store: store, work: work).response(root: first, cids: cids)
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
        let found = try await work.run { () -> [CID] in
            var cids: [CID] = []
            do {
                try selection.blocks(read: Self.reader(of: store)) { cids.append($0) }
            } catch is BlockMissing {
                // What is here is sent; the peer sees what it still lacks.
            } catch let error as ContentError where error.code == .notFound {
                // The blocks that prove it are sent, so that the peer can see for itself.
                _ = try? PathProof.collect(root, path, read: Self.reader(of: store), into: &cids)
            }
            return cids
        }
        guard !found.isEmpty else { return .failure(404, "\(root) is not here") }
        return ArchiveWriting(store: store, work: work).response(root: root, cids: found)
    }

    static func reader(of store: BlockStore) -> BlockReader {
        { cid in
            guard let block = try store.read(cid) else { throw BlockMissing(cid: cid) }
            return Array(block.readableBytesView)
        }
    }
}

/// A block that a walk needs is not on this machine.
struct BlockMissing: Error {
    let cid: CID
}

/// The blocks that show that a path leads nowhere.
enum PathProof {
    static func collect(_ root: CID, _ path: [String], read: BlockReader, into cids: inout [CID]) throws {
        var current = root
        for name in path {
            var shards: [CID] = []
            let next = try DirectoryWalk.lookup(name, in: current, read: read) { shards.append($0) }
            cids += shards
            guard let next else { return }
            current = next
        }
    }
}
