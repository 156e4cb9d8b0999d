import Core

/// What was wrong with a request between nodes, or why one was refused.
public typealias ExchangeError = ModuleError<ExchangeErrorCode>

/// The kinds of ``ExchangeError``.
public enum ExchangeErrorCode: ErrorCode {
    /// The bytes are not a request of this kind.
    case malformed
    /// A named limit was exceeded.
    case tooLarge
}
