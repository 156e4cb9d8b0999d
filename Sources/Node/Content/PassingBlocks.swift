import Content
import Core
import NIOCore
import Synchronization

/// Verified blocks that could not be kept, because the disk is full or fails: they are served out of memory instead.
///
/// Full, it forgets what came before; of what comes at once it keeps the beginning, which is served first.
final class PassingBlocks: Sendable {
    /// Most bytes that are held.
    static let bytesMax = 32 << 20

    private struct State {
        var blocks: [CID: ByteBuffer] = [:]
        var byteCount = 0
        var hasAny: Bool { !blocks.isEmpty }
    }

    private let state = Mutex(State())

    func block(_ cid: CID) -> ByteBuffer? { state.withLock { $0.hasAny ? $0.blocks[cid] : nil } }

    func put(_ blocks: [Block]) {
        state.withLock { state in
            let incoming = blocks.reduce(0) { $0 + $1.bytes.count }
            if state.byteCount + incoming > Self.bytesMax { state = State() }
            for block in blocks where state.blocks[block.cid] == nil {
                guard state.byteCount + block.bytes.count <= Self.bytesMax else { return }
                state.blocks[block.cid] = ByteBuffer(bytes: block.bytes)
                state.byteCount += block.bytes.count
            }
        }
    }

    /// What comes now can be kept again.
    func clear() { state.withLock { if $0.hasAny { $0 = State() } } }
}
