import Control
import Synchronization

extension NodeController {
    /// Reads what this user published and stored as if some nodes had vanished; one drill at a time.
    ///
    /// - Throws: ``NodeError`` `.inUse` while another one runs.
    func drill(
        _ request: DrillRequest,
        progress: @escaping @Sendable (OperationProgress) -> Void
    ) async throws -> DrillResult {
        guard !drilling.exchange(true, ordering: .acquiring) else {
            throw NodeError(.inUse, "a drill runs on this node already; wait for it, or interrupt it")
        }
        defer { drilling.store(false, ordering: .releasing) }
        return try await DrillService(parts: parts, progress: progress).run(request)
    }
}
