import BlockStore
import Logging

/// Frees what nothing pins any more, a little at a time, and memory that nothing uses any more.
struct CollectionService: Sendable {
    static let period = Duration.seconds(5)
    /// How long after its start a node gives up nothing because a lease has ended.
    static let leaseQuiet = Duration.seconds(600)

    let store: BlockStore
    let pieces: PieceDesk
    let work: BlockingWork
    let logger: Logger
    let started = ContinuousClock.now

    func run() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.period)
            await attempt("blocks") { try await collectBlocks() }
            await attempt("pieces") { try await collectPieces() }
            pieces.sweep(now: Clock.now())
            await attempt("memory") { try await work.run { FreedMemory.giveBack() } }
        }
    }

    /// What fails here is no reason to leave the rest of a round out.
    private func attempt(_ what: String, _ body: () async throws -> Void) async {
        do {
            try await body()
        } catch {
            guard !Task.isCancelled else { return }
            logger.error("space could not be freed", metadata: ["of": "\(what)", "error": "\(error)"])
        }
    }

    private func collectBlocks() async throws {
        let store = store
        var hasMore = true
        while hasMore, !Task.isCancelled {
            hasMore = try await work.run { try store.collectOnce(at: Clock.now()).hasMore }
        }
    }

    private func collectPieces() async throws {
        let pieces = pieces
        // Removals are freed at once. Leases end only by a clock that others agree with, and not while a node that was
        // away may still learn that they were renewed.
        let isSettled = ContinuousClock.now - started >= Self.leaseQuiet
        let now = isSettled ? pieces.mesh.read { $0.mesh.certainNow(Clock.now()) } ?? .distantPast : .distantPast
        store.setUsedElsewhere(pieces.store.accounting.diskBytes)
        var hasMore = true
        while hasMore, !Task.isCancelled {
            hasMore = try await work.run { try pieces.store.collect(now: now).hasMore }
        }
    }
}
