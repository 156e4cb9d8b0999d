import Control
import Settings
import Synchronization
import Testing

/// Long operations: progress arrives while they run, and they end with whoever asked for them.
@Suite(.timeLimit(.minutes(1)))
struct StreamTests {
    private static let request = PublishRequest(path: "/site", name: "n", includeHidden: true)

    @Test func publish_whileItRuns_streamsProgressThenItsResult() async throws {
        try await withFolder { folder in
            let node = FakeNode()
            try await withServer(node, folder: folder) { _, _ in
                let steps = Mutex<[OperationProgress]>([])
                let result = try await ControlClient.with(dataFolder: folder) { client in
                    // The node goes on only after its progress has arrived here.
                    try await client.publish(Self.request) { step in
                        steps.withLock { $0.append(step) }
                        node.letGo()
                    }
                }
                #expect(result.root == "bafy")
                #expect(steps.withLock { $0 } == [FakeNode.step])
            }
            #expect(node.requests == [Self.request])
        }
    }

    /// The connection of a finished operation is used up; none of the requests after it may land there.
    @Test func commands_afterAnOperation_areAnswered() async throws {
        try await withFolder { folder in
            try await withServer(FakeNode(), folder: folder) { _, _ in
                try await ControlClient.with(dataFolder: folder) { client in
                    for _ in 0..<200 {
                        _ = try await client.exportCAR(cid: "bafy", to: "/x") { _ in }
                        _ = try await client.status()
                    }
                }
            }
        }
    }

    @Test func client_thatGoesAway_cancelsTheOperation() async throws {
        try await withFolder { folder in
            let node = FakeNode()
            try await withServer(node, folder: folder) { _, _ in
                let (steps, stepped) = AsyncStream.makeStream(of: Void.self)
                await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        try await ControlClient.with(dataFolder: folder) { client in
                            _ = try await client.publish(Self.request) { _ in stepped.yield() }
                        }
                    }
                    _ = await steps.first { _ in true }
                    group.cancelAll()
                    await #expect(throws: CancellationError.self) { try await group.next() }
                }
                #expect(await node.endings.first { _ in true } == .cancelled)
            }
        }
    }

    @Test func server_thatStopsWhileBusy_cancelsTheOperationAndTellsTheClient() async throws {
        try await withFolder { folder in
            let node = FakeNode()
            try await withServer(node, folder: folder) { _, services in
                let (steps, stepped) = AsyncStream.makeStream(of: Void.self)
                await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        try await ControlClient.with(dataFolder: folder) { client in
                            _ = try await client.publish(Self.request) { _ in stepped.yield() }
                        }
                    }
                    _ = await steps.first { _ in true }
                    await services.triggerGracefulShutdown()
                    let error = await #expect(throws: ControlError.self) { try await group.next() }
                    #expect(error?.message.contains("stopping") == true)
                }
                #expect(await node.endings.first { _ in true } == .cancelled)
            }
        }
    }
}
