import Control
import NIOCore
import Settings
import Synchronization
import Testing

/// Objects on their way between a command and its node: whole or refused, and never much of them in memory.
@Suite(.timeLimit(.minutes(1)))
struct ContentStreamTests {
    private static let large = 100_000_000
    /// What the kernel's socket buffers and ours may hold between the two ends: far less than the object.
    private static let onTheWayMax = 32_000_000

    private func withClient(
        _ node: FakeNode,
        _ body: @escaping @Sendable (ControlClient) async throws -> Void
    ) async throws {
        try await withFolder { folder in
            try await withServer(node, folder: folder) { _, _ in
                try await ControlClient.with(dataFolder: folder, body)
            }
        }
    }

    @Test func putContent_thatIsLarge_arrivesWholeAndIsNeverKept() async throws {
        let node = FakeNode()
        let source = PatternContent(
            byteCount: Self.large,
            made: { made in
                node.objects.made.withLock { $0 = made }
            }
        )
        try await withClient(node) { client in
            let steps = Mutex(0)
            let result = try await client.put(PutRequest(name: "ü/a b", leaseDays: 9), content: source) { _ in
                steps.withLock { $0 += 1 }
            }
            #expect(result == FakeObjects.result(bytes: Self.large))
            #expect(steps.withLock { $0 } > 0)
        }
        let counts = node.objects.counts.withLock { $0 }
        #expect(counts.furthestAhead < Self.onTheWayMax, "\(counts.furthestAhead) bytes were on their way")
        #expect(node.objects.puts.withLock { $0 } == [PutRequest(name: "ü/a b", leaseDays: 9)])
    }

    @Test func putContent_withoutAByte_isAnEmptyObject() async throws {
        let node = FakeNode()
        try await withClient(node) { client in
            let result = try await client.put(PutRequest(name: "a"), content: PatternContent(byteCount: 0)) { _ in }
            #expect(result.bytes == 0)
        }
        #expect(node.objects.stored.withLock { $0 } == ["a": 0])
    }

    /// The node's sentence must get through although most of the upload is still to come.
    @Test(arguments: [("refused", ExitCode.full), ("half", .unreachable)])
    func putContent_thatTheNodeRefuses_endsWithItsError(name: String, code: ExitCode) async throws {
        let node = FakeNode()
        try await withClient(node) { client in
            for _ in 0..<10 {
                let error = await #expect(throws: ControlError.self) {
                    let content = PatternContent(byteCount: 20_000_000)
                    _ = try await client.put(PutRequest(name: name), content: content) { _ in }
                }
                #expect(error?.exitCode == code, "\(error.map(\.message) ?? "")")
            }
        }
        #expect(node.objects.stored.withLock { $0 } == [:])
    }

    @Test func putContent_thatCannotBeReadOn_storesNothingAndSaysWhy() async throws {
        let node = FakeNode()
        let failure = ControlError(.badInput, "cannot read standard input")
        try await withClient(node) { client in
            let content = PatternContent(byteCount: 1_000_000, failure: failure)
            await #expect(throws: failure) {
                try await client.put(PutRequest(name: "a"), content: content) { _ in }
            }
            #expect(await node.endings.first { _ in true } == .cancelled)
        }
        #expect(node.objects.counts.withLock { $0.wasCutOff })
        #expect(node.objects.stored.withLock { $0 } == [:])
    }

    @Test func putContent_whoseClientGoesAway_isCancelledAndStoresNothing() async throws {
        let node = FakeNode()
        try await withClient(node) { client in
            let (steps, stepped) = AsyncStream.makeStream(of: Void.self)
            await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    let content = PatternContent(byteCount: 1_000_000, hangs: true)
                    _ = try await client.put(PutRequest(name: "a"), content: content) { _ in stepped.yield() }
                }
                _ = await steps.first { _ in true }
                group.cancelAll()
                await #expect(throws: CancellationError.self) { try await group.next() }
            }
            #expect(await node.endings.first { _ in true } == .cancelled)
        }
        #expect(node.objects.stored.withLock { $0 } == [:])
    }

    @Test func content_thatIsLarge_arrivesWholeAndIsNeverKept() async throws {
        let node = FakeNode()
        node.objects.stored.withLock { $0 = ["a": Self.large] }
        try await withClient(node) { client in
            let stream = try await client.content(of: "a")
            #expect(stream.byteCount == Self.large)
            var check = PatternContent.Check()
            var furthestAhead = 0
            for try await chunk in stream.chunks {
                check.take(chunk)
                furthestAhead = max(furthestAhead, node.objects.made.withLock { $0 } - check.position)
            }
            #expect(check.position == Self.large)
            #expect(check.isRight)
            #expect(furthestAhead < Self.onTheWayMax, "\(furthestAhead) bytes were on their way")
        }
    }

    @Test func content_withoutAByte_isComplete() async throws {
        let node = FakeNode()
        node.objects.stored.withLock { $0 = ["a": 0] }
        try await withClient(node) { client in
            let stream = try await client.content(of: "a")
            var chunks = 0
            for try await _ in stream.chunks { chunks += 1 }
            #expect(stream.byteCount == 0)
            #expect(chunks == 0)
        }
    }

    @Test func content_thatIsNotThere_saysSoBeforeAByte() async throws {
        try await withClient(FakeNode()) { client in
            await #expect(throws: ControlError(.notFound, "there is no object 'a'")) {
                try await client.content(of: "a")
            }
        }
    }

    @Test(arguments: [("broken", ExitCode.unreachable), ("short", .failed)])
    func content_thatBreaksOff_givesWhatThereIsThenTheError(name: String, code: ExitCode) async throws {
        let node = FakeNode()
        node.objects.stored.withLock { $0 = [name: 3_000_000] }
        try await withClient(node) { client in
            let stream = try await client.content(of: name)
            var check = PatternContent.Check()
            let error = await #expect(throws: ControlError.self) {
                for try await chunk in stream.chunks { check.take(chunk) }
            }
            #expect(error?.exitCode == code)
            #expect(check.position >= 2_999_999)
            #expect(check.isRight)
        }
    }

    @Test func content_whoseClientGoesAway_isCancelled() async throws {
        let node = FakeNode()
        node.objects.stored.withLock { $0 = ["hang": 1_000_000] }
        try await withClient(node) { client in
            let (steps, stepped) = AsyncStream.makeStream(of: Void.self)
            await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    let stream = try await client.content(of: "hang")
                    for try await _ in stream.chunks { stepped.yield() }
                }
                _ = await steps.first { _ in true }
                group.cancelAll()
                await #expect(throws: CancellationError.self) { try await group.next() }
            }
            #expect(await node.endings.first { _ in true } == .cancelled)
        }
    }

    @Test(arguments: [true, false])
    func server_thatStopsInTheMiddle_tellsTheClient(isUpload: Bool) async throws {
        let node = FakeNode()
        node.objects.stored.withLock { $0 = ["hang": 1_000_000] }
        try await withFolder { folder in
            try await withServer(node, folder: folder) { _, services in
                let (steps, stepped) = AsyncStream.makeStream(of: Void.self)
                await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        try await ControlClient.with(dataFolder: folder) { client in
                            if isUpload {
                                let content = PatternContent(byteCount: 1_000_000, hangs: true)
                                _ = try await client.put(PutRequest(name: "a"), content: content) { _ in
                                    stepped.yield()
                                }
                            } else {
                                for try await _ in try await client.content(of: "hang").chunks { stepped.yield() }
                            }
                        }
                    }
                    _ = await steps.first { _ in true }
                    await services.triggerGracefulShutdown()
                    let error = await #expect(throws: ControlError.self) { try await group.next() }
                    #expect(error?.message.contains("stopping") == true, "\(error.map(\.message) ?? "")")
                }
            }
        }
        #expect(node.objects.stored.withLock { $0["a"] } == nil)
    }
}
