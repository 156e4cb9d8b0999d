import Core

/// Asks several nodes for the same thing: the best one first, the next when it fails or is late, and takes the first answer.
///
/// - Parameters:
///   - providers: Whom to ask, best first; at most `inFlightMax` are asked at the same time.
///   - hedgeDelay: How long to wait for a given provider before the next one is asked too.
///   - attempt: Asks one provider; cancelled when another one was faster.
/// - Returns: The first success.
/// - Throws: The last failure when everybody failed; ``HedgeExhausted`` when there was nobody to ask.
package func firstAnswer<Answer: Sendable>(
    of providers: [NodeID],
    inFlightMax: Int = 3,
    hedgeDelay: @Sendable (NodeID) -> Duration,
    attempt: @escaping @Sendable (NodeID) async throws -> Answer
) async throws -> Answer {
    try await withThrowingTaskGroup(of: HedgeEvent<Answer>.self) { group in
        var waiting = providers[...]
        var inFlight = 0
        var lastFailure: any Error = HedgeExhausted()
        func askNext() {
            guard inFlight < inFlightMax, let provider = waiting.popFirst() else { return }
            inFlight += 1
            group.addTask {
                do { return .answer(try await attempt(provider)) } catch { return .failure(error) }
            }
            guard !waiting.isEmpty else { return }
            let delay = hedgeDelay(provider)
            group.addTask {
                try await Task.sleep(for: delay)
                return .late
            }
        }
        askNext()
        while inFlight > 0, let event = try await group.next() {
            switch event {
            case .answer(let answer):
                group.cancelAll()
                return answer
            case .failure(let error):
                inFlight -= 1
                lastFailure = error
                try Task.checkCancellation()
                askNext()
            case .late:
                askNext()
            }
        }
        group.cancelAll()
        throw lastFailure
    }
}

private enum HedgeEvent<Answer: Sendable>: Sendable {
    case answer(Answer)
    case failure(any Error)
    case late
}

/// There was nobody to ask.
package struct HedgeExhausted: Error {
    package init() {}
}
