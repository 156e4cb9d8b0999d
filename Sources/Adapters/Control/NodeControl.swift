/// What commands ask of a running node. The node implements it; ``ControlServer`` offers it on loopback, and
/// ``ControlClient`` is the other end.
///
/// Errors become one sentence and an exit code through ``ControlError/init(_:)``. An operation that is cancelled
/// (its task is cancelled) stops and leaves nothing half done. `progress` may be called often and from any thread.
public protocol NodeControl: Sendable {
    func status() async throws -> NodeStatus
    /// - Parameters:
    ///   - expires: time from now until the invite admits nobody any more; `nil` for never.
    ///   - once: whether only the first operator that uses it is admitted.
    func invite(expires: Duration?, once: Bool) async throws -> String
    func publish(
        _ request: PublishRequest,
        progress: @escaping @Sendable (OperationProgress) -> Void
    ) async throws -> PublishResult
    /// - Parameter name: a label or a `k51…` name.
    func unpublish(_ name: String) async throws
    func names() async throws -> [NameEntry]
    /// - Parameter path: absolute path of a CAR file.
    /// - Returns: the roots, as CID text.
    func importCAR(
        path: String,
        progress: @escaping @Sendable (OperationProgress) -> Void
    ) async throws -> [String]
    /// - Parameter path: absolute path of the file to write; it is complete or absent.
    /// - Returns: bytes written.
    func exportCAR(
        cid: String,
        to path: String,
        progress: @escaping @Sendable (OperationProgress) -> Void
    ) async throws -> Int
    func doctor() async throws -> [Finding]
    /// Reads what this user published and stored as if some nodes had vanished; asks nothing of those.
    func drill(
        _ request: DrillRequest,
        progress: @escaping @Sendable (OperationProgress) -> Void
    ) async throws -> DrillResult
}
