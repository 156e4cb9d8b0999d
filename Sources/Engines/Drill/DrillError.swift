import Core

/// What was wrong with what a drill was asked for.
public typealias DrillError = ModuleError<DrillErrorCode>

/// The kinds of ``DrillError``.
public enum DrillErrorCode: ErrorCode {
    /// The text of a loss is none.
    case malformed
    /// No node of the mesh lies in what shall be lost.
    case unknown
}
