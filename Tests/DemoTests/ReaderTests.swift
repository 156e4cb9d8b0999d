import AsyncHTTPClient
import Core
import Demo
import Hummingbird
import Logging
import ServiceLifecycle
import Synchronization
import Testing

/// The reader against gateways that behave, lie, stall or are gone.
@Suite(.serialized, .timeLimit(.minutes(1)))
struct ReaderTests {
    private static let body = "what was published"
    private static let file = SiteReference.File(
        path: "a.txt",
        size: body.utf8.count,
        digest: Digest(hashing: Array(body.utf8))
    )

    /// Reads until the gateways have answered `count` requests, and tells what the reader saw.
    private func read(
        stopAfter count: Int,
        from gateways: [@Sendable () async throws -> Response],
        besides gone: [String] = [],
        firstByteTimeMax: Duration = .seconds(9)
    ) async throws -> ReaderTally {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let (ports, opened) = AsyncStream.makeStream(of: Int.self)
        let (answers, answered) = AsyncStream.makeStream(of: Void.self)
        let services = gateways.map { gateway in
            let router = Router()
            router.get("**") { _, _ in
                defer { answered.yield() }
                return try await gateway()
            }
            return Application(
                router: router,
                configuration: .init(address: .hostname("127.0.0.1", port: 0)),
                onServerRunning: { opened.yield($0.localAddress?.port ?? 0) },
                logger: logger
            )
        }
        let group = ServiceGroup(services: services, logger: logger)
        let http = Reader.makeClient()
        async let serving: Void = group.run()
        var addresses = gone
        for await port in ports {
            addresses.append("127.0.0.1:\(port)")
            if addresses.count == gone.count + gateways.count { break }
        }
        let reader = Reader(
            gateways: addresses,
            targets: (0..<50).map { _ in ReadTarget(file: Self.file, root: "bafy", name: "k51") },
            rate: 100,
            seed: 1,
            firstByteTimeMax: firstByteTimeMax,
            http: http
        )
        async let reading: Void = reader.run()
        var left = count
        for await _ in answers {
            left -= 1
            if left == 0 { break }
        }
        reader.stop()
        await reading
        await group.triggerGracefulShutdown()
        try await http.shutdown()
        try await serving
        return reader.tally()
    }

    private static let good: @Sendable () async throws -> Response = {
        Response(status: .ok, body: .init(byteBuffer: .init(string: body)))
    }

    @Test func goodGateways_areReadWithoutARetry() async throws {
        let tally = try await read(stopAfter: 60, from: [Self.good, Self.good])
        #expect(tally.failed == 0)
        #expect(tally.retried == 0)
        #expect(tally.requests >= 60)
        #expect(tally.bytesVerified == tally.requests * Self.file.size)
    }

    @Test func gateway_thatIsGone_costsARetryAndNoFailure() async throws {
        let tally = try await read(stopAfter: 60, from: [Self.good], besides: ["127.0.0.1:1"])
        #expect(tally.failed == 0)
        #expect(tally.retried >= 1)
    }

    @Test func gateway_thatStalls_costsARetryAndNoFailure() async throws {
        let stalled: @Sendable () async throws -> Response = {
            try await Task.sleep(for: .seconds(1))
            return Response(status: .ok)
        }
        let tally = try await read(
            stopAfter: 40,
            from: [Self.good, stalled],
            firstByteTimeMax: .milliseconds(200)
        )
        #expect(tally.failed == 0, "\(tally.examples)")
        #expect(tally.retried >= 1)
    }

    @Test(arguments: [
        ("What was published", "wrong bytes"), ("what was published!", "more than"),
        ("what was", "8 bytes instead of"),
    ])
    func gateway_thatSendsOtherBytes_isAFailure(body: String, complaint: String) async throws {
        let tally = try await read(
            stopAfter: 5,
            from: [{ Response(status: .ok, body: .init(byteBuffer: .init(string: body))) }]
        )
        #expect(tally.failed == tally.requests)
        #expect(tally.bytesVerified == 0)
        #expect(tally.examples.first?.contains(complaint) == true, "\(tally.examples)")
    }

    @Test func gateway_thatAnswersWithAnError_isAFailure() async throws {
        let tally = try await read(stopAfter: 5, from: [{ Response(status: .badGateway) }])
        #expect(tally.failed == tally.requests)
        #expect(tally.examples.first?.contains("status 502") == true)
    }
}
