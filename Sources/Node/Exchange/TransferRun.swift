/// Runs an engine whose effects are transfers: each order becomes a task of its own, and what the tasks report, and that time
/// has passed, come back to the engine as events.
///
/// - Parameters:
///   - tick: What the engine is told when time has passed, and how often.
///   - perform: Carries one order out and reports what came of it.
///   - drive: Feeds the engine with events and hands its orders on, until it has an outcome; then all transfers end.
func runTransfers<Order: Sendable, Event: Sendable, Outcome: Sendable>(
    tick: (event: Event, every: Duration),
    perform: @escaping @Sendable (Order, AsyncStream<Event>.Continuation) async -> Void,
    drive: @escaping @Sendable (AsyncStream<Event>, AsyncStream<Order>.Continuation) async throws -> Outcome
) async throws -> Outcome {
    let (events, reports) = AsyncStream.makeStream(of: Event.self)
    let (orders, input) = AsyncStream.makeStream(of: Order.self)
    return try await withThrowingTaskGroup(of: Outcome?.self) { group in
        group.addTask {
            while !Task.isCancelled {
                try await Task.sleep(for: tick.every)
                reports.yield(tick.event)
            }
            return nil
        }
        group.addTask {
            await withDiscardingTaskGroup { transfers in
                for await order in orders { transfers.addTask { await perform(order, reports) } }
                transfers.cancelAll()
            }
            return nil
        }
        group.addTask {
            defer { input.finish() }
            return try await drive(events, input)
        }
        defer { group.cancelAll() }
        while let result = try await group.next() {
            if let result { return result }
        }
        throw CancellationError()
    }
}
