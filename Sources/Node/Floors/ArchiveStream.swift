import BlockStore
import Content
import Core
import NIOCore
import Synchronization

/// The archive of some roots, all of which are here, read piece by piece: what `export` writes, without a file.
final class ArchiveStream: Sendable {
    private struct State {
        var walk: ArchiveWalk
        /// What of the last block did not fit.
        var pending: ByteBuffer
    }

    private let store: BlockStore
    private let state: Mutex<State>

    init(roots: [CID], store: BlockStore) {
        self.store = store
        state = Mutex(
            State(walk: ArchiveWalk(roots: roots), pending: ByteBuffer(bytes: CARHeader(roots: roots).encoded))
        )
    }

    /// Bytes of the archive of `roots`; reads folders and file trees, and no leaves.
    ///
    /// - Throws: ``BlockStoreError`` `.incomplete` when a block is not here.
    static func byteCount(of roots: [CID], in store: BlockStore) throws -> UInt64 {
        let stream = ArchiveStream(roots: roots, store: store)
        return try stream.state.withLock { state in
            var count = UInt64(state.pending.readableBytes)
            while let step = try stream.step(&state) { count += UInt64(step) }
            return count
        }
    }

    /// Leaves out the next `count` bytes, which were stored before.
    func skip(_ count: UInt64) throws {
        try state.withLock { state in
            var left = count
            while true {
                let part = min(left, UInt64(state.pending.readableBytes))
                state.pending.moveReaderIndex(forwardBy: Int(part))
                left -= part
                guard left > 0, try load(&state) else { return }
            }
        }
    }

    /// Appends the next bytes to `buffer`, at most `count` and no more than fit.
    ///
    /// - Returns: Whether there was anything left.
    func fill(_ buffer: SegmentBuffer, upTo count: Int) throws -> Bool {
        try state.withLock { state in
            var left = min(count, buffer.room)
            while left > 0 {
                if state.pending.readableBytes == 0, try !load(&state) { return false }
                let part = min(left, state.pending.readableBytes)
                state.pending.withUnsafeReadableBytes { buffer.append(UnsafeRawBufferPointer(rebasing: $0[..<part])) }
                state.pending.moveReaderIndex(forwardBy: part)
                left -= part
            }
            return true
        }
    }

    /// Reads the next block into the empty `pending`.
    private func load(_ state: inout State) throws -> Bool {
        guard let cid = try state.walk.next() else { return false }
        let block = try block(cid)
        if cid.codec == .dagPB { try state.walk.visited(cid, bytes: Array(block.readableBytesView)) }
        state.pending.clear()
        state.pending.writeBytes(CARWriter.sectionHead(cid, dataCount: block.readableBytes))
        state.pending.writeImmutableBuffer(block)
        return true
    }

    /// The length of the next section.
    private func step(_ state: inout State) throws -> Int? {
        guard let cid = try state.walk.next() else { return nil }
        if cid.codec == .dagPB {
            let block = try block(cid)
            try state.walk.visited(cid, bytes: Array(block.readableBytesView))
            return CARWriter.sectionHead(cid, dataCount: block.readableBytes).count + block.readableBytes
        }
        guard let count = try store.length(of: cid) else { throw Self.missing(cid) }
        return CARWriter.sectionHead(cid, dataCount: count).count + count
    }

    private func block(_ cid: CID) throws -> ByteBuffer {
        guard let block = try store.read(cid) else { throw Self.missing(cid) }
        return block
    }

    private static func missing(_ cid: CID) -> NodeError {
        NodeError(.corrupt, "the block \(cid) of the site is not here (any more)")
    }
}
