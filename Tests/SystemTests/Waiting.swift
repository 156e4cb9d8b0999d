/// What a test waited for and did not see.
struct TimedOut: Error, CustomStringConvertible {
    let description: String
}

/// Longest wait for anything: longer than any time limit of a node, of which a machine under load may need all.
let waitMax = Duration.seconds(180)
let pollInterval = Duration.milliseconds(40)
/// Between two questions of who wants to act at a certain moment.
let promptly = Duration.milliseconds(1)

/// Asks again and again until `condition` holds.
///
/// - Parameter seen: what was there instead, for the message.
/// - Throws: ``TimedOut`` after ``waitMax``; whatever `condition` throws.
func eventually(
    _ what: String,
    seen: () -> String = { "" },
    every interval: Duration = pollInterval,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + waitMax
    while !(try await condition()) {
        guard ContinuousClock.now < deadline else {
            throw TimedOut(description: "not within \(waitMax): \(what) \(seen())")
        }
        try await Task.sleep(for: interval)
    }
}
