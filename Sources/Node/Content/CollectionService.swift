import BlockStore
import Logging

/// Frees what nothing pins any more, a little at a time, and memory that nothing uses any more.
struct CollectionService: Sendable {
    static let period = Duration.seconds(5)

    let store: BlockStore
    let pieces: PieceDesk
    let work: BlockingWork
    let logger: Logger

    func run() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.period)
            do {
                var hasMore = true
                while hasMore, !Task.isCancelled {
                    let store = store
                    hasMore = try await work.run { try store.collectOnce(at: Clock.now()).hasMore }
                }
                try await collectPieces()
                try await work.run { FreedMemory.giveBack() }
            } catch {
                guard !Task.isCancelled else { return }
                logger.error("space could not be freed", metadata: ["error": "\(error)"])
            }
        }
    }

    private func collectPieces() async throws {
        let pieces = pieces
        let now = pieces.meshNow
        store.setUsedElsewhere(pieces.store.accounting.diskBytes)
        var hasMore = true
        while hasMore, !Task.isCancelled {
            hasMore = try await work.run { try pieces.store.collect(now: now).hasMore }
        }
        pieces.sweep(now: Clock.now())
    }
}
