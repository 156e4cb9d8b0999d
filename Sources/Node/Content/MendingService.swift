import BlockStore
import Gateway
import Logging

/// Brings blocks back that turned out to be damaged on this disk and are still needed here.
struct MendingService: Sendable {
    static let period = Duration.seconds(10)
    /// Most blocks that are asked for in one round.
    static let batchMax = 64

    let store: BlockStore
    let source: NodeContentSource
    let work: BlockingWork
    let logger: Logger

    func run() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.period)
            let store = store
            guard let damaged = try? await work.run({ try store.withdrawn(max: Self.batchMax) }) else { continue }
            for cid in damaged where !Task.isCancelled {
                do {
                    try await source.fetchBlocks([cid], under: cid)
                    logger.notice("a damaged block was replaced", metadata: ["block": "\(cid)"])
                } catch {
                    logger.warning("a damaged block is missing", metadata: ["block": "\(cid)", "error": "\(error)"])
                }
            }
        }
    }
}
