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

    /// Moves what this node holds elsewhere; stops the node once nothing is left that must not go with it.
    func exit(progress: @escaping @Sendable (OperationProgress) -> Void) async throws -> ExitResult {
        let departure = Departure(
            desk: parts.objects.desk,
            rebuild: parts.objects.rebuild,
            requests: HoldRequest(client: parts.network.client, mesh: parts.mesh),
            held: HeldSites(records: parts.base.records),
            logger: logger,
            progress: progress
        )
        let result = try await departure.leave()
        if result.left.isEmpty { departed.resolve(.success(())) }
        return result
    }
}
