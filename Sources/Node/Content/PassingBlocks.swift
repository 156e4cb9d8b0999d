import Content
import Core
import NIOCore
import Synchronization

/// Verified blocks that could not be kept, because the disk is full or fails: they are served out of memory instead.
///
/// It also knows which blocks the store lists and cannot read, and may not even withdraw: those have to pass as well.
///
/// Full, it forgets what came first, so that other readers keep what they wait for as long as possible; of what comes at
/// once it keeps the beginning, which is served first.
package final class PassingBlocks: Sendable {
    /// Most bytes that are held unless told otherwise.
    package static let bytesMax = 32 << 20
    /// Most blocks that are remembered as listed and not readable.
    package static let expectedMax = 4_096

    private struct State {
        var blocks: [CID: ByteBuffer] = [:]
        /// In the order in which they came; those before `first` are forgotten.
        var order: [CID] = []
        var first = 0
        var byteCount = 0
        var expected: Set<CID> = []
        var hasAny: Bool { !blocks.isEmpty }

        mutating func forgetFirst() {
            if let block = blocks.removeValue(forKey: order[first]) { byteCount -= block.readableBytes }
            first += 1
            if first > 64, first * 2 > order.count {
                order.removeFirst(first)
                first = 0
            }
        }

        mutating func remove(_ cids: [CID]) {
            guard hasAny else { return }
            let count = blocks.count
            for cid in cids {
                if let block = blocks.removeValue(forKey: cid) { byteCount -= block.readableBytes }
            }
            guard blocks.count < count else { return }
            order = order[first...].filter { blocks[$0] != nil }
            first = 0
        }
    }

    private let bytesMax: Int
    private let state = Mutex(State())
    /// Whether a block is expected; asked for each block that is served, without the lock.
    private let expectsAny = Atomic<Bool>(false)

    package init(bytesMax: Int = PassingBlocks.bytesMax) {
        self.bytesMax = bytesMax
    }

    package func block(_ cid: CID) -> ByteBuffer? { state.withLock { $0.hasAny ? $0.blocks[cid] : nil } }

    package func put(_ blocks: [Block]) {
        state.withLock { state in
            var kept = 0
            for block in blocks where state.blocks[block.cid] == nil {
                // What this call brought is at the end.
                while state.byteCount + block.bytes.count > bytesMax, state.order.count - state.first > kept {
                    state.forgetFirst()
                }
                guard state.byteCount + block.bytes.count <= bytesMax else { return }
                state.blocks[block.cid] = ByteBuffer(bytes: block.bytes)
                state.order.append(block.cid)
                state.byteCount += block.bytes.count
                kept += 1
            }
        }
    }

    /// Forgets blocks that are kept now; those of other readers stay.
    package func remove(_ cids: [CID]) { state.withLock { $0.remove(cids) } }

    // MARK: - What the store cannot read

    /// The store lists the block and cannot read it: one that comes has to be held here, whatever the store says.
    package func expect(_ cid: CID) {
        state.withLock { state in
            if state.expected.count >= Self.expectedMax, !state.expected.contains(cid) {
                _ = state.expected.removeFirst()
            }
            state.expected.insert(cid)
            expectsAny.store(true, ordering: .relaxed)
        }
    }

    /// The ones of `blocks` that are expected.
    package func expected(of blocks: [Block]) -> Set<CID> {
        guard expectsAny.load(ordering: .relaxed) else { return [] }
        return state.withLock { $0.expected.intersection(blocks.map(\.cid)) }
    }

    /// The store has read the block: it is not expected any more, and need not pass.
    package func forget(_ cid: CID) {
        guard expectsAny.load(ordering: .relaxed) else { return }
        state.withLock { state in
            guard state.expected.remove(cid) != nil else { return }
            expectsAny.store(!state.expected.isEmpty, ordering: .relaxed)
            state.remove([cid])
        }
    }
}
