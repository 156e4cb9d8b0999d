import Core
import NIOCore
import Synchronization
import Testing
import Transport

@Suite(.serialized, .timeLimit(.minutes(1))) struct RequestTests {
    @Test func request_ofPeer_isAnswered() async throws {
        try await withPair(echo) { pair async throws in
            #expect(try await pair.call("/a/b?c=d", "body") == "/a/b?c=d|body")
            #expect(try await pair.call("/empty") == "/empty|")
        }
    }

    @Test func handler_seesTheProvenKeyAndAddress() async throws {
        let handler = Answering { request in
            .ok(ByteBuffer(string: "\(request.peer) \(request.remoteAddress?.host ?? "-")"))
        }
        try await withPair(handler) { pair async throws in
            #expect(try await pair.call("/") == "\(Pair.clientID) 127.0.0.1")
        }
    }

    @Test func requests_many_shareOneConnection() async throws {
        let count = 300
        try await withPair(echo) { pair async throws in
            let answers = try await withThrowingTaskGroup(of: String.self) { group in
                for number in 0..<count { group.addTask { try await pair.call("/\(number)") } }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(answers == Set((0..<count).map { "/\($0)|" }))
            #expect(pair.client.connectionCount == 1)
            #expect(pair.server.counters.connectionsAccepted == 1)
            #expect(pair.server.counters.requests == UInt64(count))
        }
    }

    @Test func body_overTheLimit_is413() async throws {
        var limits = PeerServerLimits()
        limits.requestBodyBytesMax = 100_000
        try await withPair(echo, server: limits) { pair async throws in
            for size in [100_001, 5_000_000] {
                let error = await #expect(throws: TransportError.self) {
                    try await pair.call("/", String(repeating: "x", count: size))
                }
                #expect(error?.status == 413, "\(String(describing: error))")
            }
            let whole = try await pair.call("/", String(repeating: "x", count: 100_000))
            #expect(whole.utf8.count == 100_002)
        }
    }

    @Test func path_overTheLimit_is414() async throws {
        try await withPair(echo) { pair async throws in
            let error = await #expect(throws: TransportError.self) {
                try await pair.call("/" + String(repeating: "p", count: 1024))
            }
            #expect(error?.status == 414)
        }
    }

    @Test func handler_thatThrows_is500AndTheServerGoesOn() async throws {
        struct Broken: Error {}
        let handler = Answering { request in
            if request.path == "/broken" { throw Broken() }
            return .ok()
        }
        try await withPair(handler) { pair async throws in
            let error = await #expect(throws: TransportError.self) { try await pair.call("/broken") }
            #expect(error?.code == .status)
            #expect(error?.status == 500)
            #expect(try await pair.call("/") == "")
        }
    }

    @Test func status_other_isAnErrorWithItsText() async throws {
        try await withPair(Answering { _ in .failure(404, "no such\nblock") }) { pair async throws in
            let error = await #expect(throws: TransportError.self) { try await pair.call("/") }
            #expect(error?.status == 404)
            #expect(error?.message == "the peer answered 404: no such?block")
        }
    }

    @Test func answer_overTheCallersLimit_isTooLarge() async throws {
        try await withPair(Answering { _ in .ok(ByteBuffer(repeating: 1, count: 1000)) }) { pair async throws in
            await expectFailure(.tooLarge) { _ = try await pair.call("/", max: 999) }
            #expect(try await pair.call("/", max: 1000).utf8.count == 1000)
        }
    }

    @Test func requests_overTheServersLimit_are503() async throws {
        var limits = PeerServerLimits()
        limits.requestsMax = 1
        let (started, release) = (Event(), Event())
        let handler = Answering { _ in
            started.happen()
            await release.wait()
            return .ok()
        }
        try await withPair(handler, server: limits) { pair async throws in
            let first = Task { try await pair.call("/first") }
            await started.wait()
            let error = await #expect(throws: TransportError.self) { try await pair.call("/second") }
            #expect(error?.status == 503)
            release.happen()
            #expect(try await first.value == "")
        }
    }

    @Test func send_toReachablePeer_isDeliveredOnce() async throws {
        let received = Mutex<[String]>([])
        let handler = Answering { request in
            received.withLock { $0.append(String(buffer: request.body)) }
            return .ok(ByteBuffer(string: "ignored"))
        }
        try await withPair(handler) { pair async throws in
            try await pair.client.send(
                to: Pair.serverID,
                at: [pair.address],
                path: "/gossip",
                body: ByteBuffer(string: "news"),
                deadline: .distant
            )
            #expect(received.withLock { $0 } == ["news"])
        }
    }
}
