import BlockStore
import Content
import Core
import NIOCore
import Transport

/// Sends blocks to a peer as a CAR v1 stream, reading them from the disk a piece at a time.
struct ArchiveWriting: Sendable {
    /// How much is read and sent at a time, in bytes.
    static let pieceBytes = 1 << 20

    let store: BlockStore
    let work: BlockingWork

    /// The blocks of `cids` that are here, in this order.
    func response(root: CID, cids: [CID]) -> PeerResponse {
        PeerResponse(
            body: .stream { writer in
                try await writer.write(ByteBuffer(bytes: CARHeader(root: root).encoded))
                var rest = cids[...]
                while !rest.isEmpty {
                    let (piece, done) = try await piece(of: rest)
                    if piece.readableBytes > 0 { try await writer.write(piece) }
                    rest = rest.dropFirst(done)
                }
            }
        )
    }

    private func piece(of cids: ArraySlice<CID>) async throws -> (ByteBuffer, Int) {
        let store = store
        return try await work.run {
            var piece = ByteBufferAllocator().buffer(capacity: Self.pieceBytes)
            // A block that turns out to be damaged is simply not here; the peer asks somebody else.
            let done = try store.readInOrder(cids, bytesMax: Self.pieceBytes) { cid, bytes in
                piece.writeBytes(CARWriter.sectionHead(cid, dataCount: bytes.count))
                piece.writeBytes(bytes)
            }
            return (piece, done)
        }
    }
}
