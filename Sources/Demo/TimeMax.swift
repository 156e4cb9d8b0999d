import Control
import Settings

/// Runs `body` and cancels it when it takes longer than `timeMax`.
///
/// - Throws: ``ControlError`` when the time is over; whatever `body` throws.
func withTimeMax<Value: Sendable>(
    _ timeMax: Duration,
    _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value.self) { group in
        group.addTask(operation: body)
        group.addTask {
            try await Task.sleep(for: timeMax)
            throw ControlError(.failed, "no whole answer within \(DurationText.format(timeMax))")
        }
        defer { group.cancelAll() }
        guard let value = try await group.next() else { throw CancellationError() }
        return value
    }
}
