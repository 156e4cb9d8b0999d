import NIOCore

extension NIODeadline {
    /// The farthest a deadline lies ahead: later ones are cut to it.
    private static let aheadMax: Duration = .seconds(7 * 24 * 3600)

    init(_ instant: ContinuousClock.Instant) {
        let ahead = max(.zero, min(Self.aheadMax, ContinuousClock.Instant.now.duration(to: instant)))
        self = .now() + TimeAmount(ahead)
    }
}

extension EventLoopFuture where Value: Sendable {
    /// How the future ends, as a value.
    func result() async -> Result<Value, any Error> {
        await withCheckedContinuation { continuation in
            whenComplete { continuation.resume(returning: $0) }
        }
    }

    /// The future's value, unless `deadline` passes or the task is cancelled first; what it stands for goes on.
    func value(before deadline: NIODeadline, naming name: String) async -> Result<Value, TransportError> {
        let first = eventLoop.makePromise(of: Value.self)
        cascade(to: first)
        let timer = eventLoop.scheduleTask(deadline: deadline) {
            first.fail(TransportError(.timedOut, "no connection to \(name) before the deadline"))
        }
        first.futureResult.whenComplete { _ in timer.cancel() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                first.futureResult.whenComplete { result in
                    continuation.resume(returning: result.mapError(TransportError.init(any:)))
                }
            }
        } onCancel: {
            first.fail(TransportError(.cancelled, "the request was cancelled"))
        }
    }
}

extension TransportError {
    /// `error` itself when it is one of ours.
    init(any error: any Error) {
        self = error as? TransportError ?? TransportError(.unreachable, "\(error)")
    }
}
