import Content
import Core
import NIOCore
import Synchronization

/// Verified blocks that could not be kept, because the disk is full or fails: they are served out of memory instead.
///
/// Full, it forgets what came first, so that other readers keep what they wait for as long as possible; of what comes at
/// once it keeps the beginning, which is served first.
package final class PassingBlocks: Sendable {
    /// Most bytes that are held unless told otherwise.
    package static let bytesMax = 32 << 20

    private struct State {
        var blocks: [CID: ByteBuffer] = [:]
        /// In the order in which they came; those before `first` are forgotten.
        var order: [CID] = []
        var first = 0
        var byteCount = 0
        var hasAny: Bool { !blocks.isEmpty }

        mutating func forgetFirst() {
            if let block = blocks.removeValue(forKey: order[first]) { byteCount -= block.readableBytes }
            first += 1
            if first > 64, first * 2 > order.count {
                order.removeFirst(first)
                first = 0
            }
        }
    }

    private let bytesMax: Int
    private let state = Mutex(State())

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

    /// What comes now can be kept again.
    package func clear() { state.withLock { if $0.hasAny { $0 = State() } } }
}
