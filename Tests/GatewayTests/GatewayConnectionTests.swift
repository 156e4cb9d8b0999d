import Core
import Gateway
import Testing

struct GatewayConnectionTests {
    private static func site() -> (TestSite, [CID]) {
        var site = TestSite()
        let cids = (0..<5).map { site.file(Array("file \($0)\n".utf8)) }
        return (site, cids)
    }

    private func get(_ target: String, version: String = "1.1", fields: String = "") -> String {
        "GET \(target) HTTP/\(version)\r\nHost: a\r\n\(fields)\r\n"
    }

    @Test func requests_pipelined_areAnsweredInOrder() async throws {
        let (site, cids) = Self.site()
        try await withGateway(MemorySource(site)) { _, port in
            let client = try await TestClient(port: port)
            for _ in 0..<3 {  // unknown, then from memory, mixed with answers that never are
                try await client.send(cids.map { get("/ipfs/\($0)") }.joined() + get("/nothing") + get("/healthz"))
                for index in cids.indices { #expect(try await client.response().text == "file \(index)\n") }
                #expect(try await client.response().status == 404)
                #expect(try await client.response().text == "ok\n")
            }
        }
    }

    @Test func manyPipelinedRequests_overAllLimitsOfBuffering_areAllAnswered() async throws {
        let (site, cids) = Self.site()
        try await withGateway(MemorySource(site)) { server, port in
            let client = try await TestClient(port: port)
            try await client.send(get("/ipfs/\(cids[0])"))
            _ = try await client.response()
            let count = 5_000
            let sending = Task { try await client.send(String(repeating: get("/ipfs/\(cids[0])"), count: count)) }
            for _ in 0..<count { #expect(try await client.response().status == 200) }
            try await sending.value
            #expect(server.counters.hits == UInt64(count))
        }
    }

    @Test func request_inPieces_isAnswered() async throws {
        let (site, cids) = Self.site()
        try await withGateway(MemorySource(site)) { _, port in
            let client = try await TestClient(port: port)
            for character in get("/ipfs/\(cids[1])") { try await client.send(String(character)) }
            #expect(try await client.response().text == "file 1\n")
        }
    }

    @Test func connectionClose_isObeyedByBothKindsOfAnswer() async throws {
        let (site, cids) = Self.site()
        try await withGateway(MemorySource(site)) { _, port in
            for _ in 0..<2 {
                let client = try await TestClient(port: port)
                try await client.send(get("/ipfs/\(cids[0])", fields: "Connection: close\r\n"))
                let response = try await client.response()
                #expect(response.text == "file 0\n")
                #expect(response["connection"] == "close")
                #expect(try await client.isAtEnd())
            }
        }
    }

    @Test func http10_keepsTheConnectionOnlyWhenAsked() async throws {
        let (site, cids) = Self.site()
        try await withGateway(MemorySource(site)) { _, port in
            let kept = try await TestClient(port: port)
            for _ in 0..<3 {
                try await kept.send(get("/ipfs/\(cids[0])", version: "1.0", fields: "Connection: keep-alive\r\n"))
                #expect(try await kept.response()["connection"] == "keep-alive")
            }
            let closed = try await TestClient(port: port)
            try await closed.send(get("/ipfs/\(cids[0])", version: "1.0"))
            #expect(try await closed.response()["connection"] == "close")
            #expect(try await closed.isAtEnd())
        }
    }

    @Test func client_thatEndsItsSide_stillGetsItsAnswers() async throws {
        let (site, cids) = Self.site()
        try await withGateway(MemorySource(site)) { _, port in
            let client = try await TestClient(port: port)
            try await client.send(get("/ipfs/\(cids[0])") + get("/ipfs/\(cids[1])"))
            try await client.endOutput()
            #expect(try await client.response().text == "file 0\n")
            #expect(try await client.response().text == "file 1\n")
            #expect(try await client.isAtEnd())
        }
    }

    @Test(arguments: [
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 405),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n" + String(repeating: "x", count: 500_000), 400),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
            400
        ),
        ("GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505),
        ("BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        ("GET /" + String(repeating: "a", count: 9_000) + " HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "a", count: 17_000) + "\r\n\r\n", 431),
        ("\u{16}\u{3}\u{1}\u{2}", 400),
        ("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ])
    func request_refused_isAnsweredOnceAndTheConnectionEnds(source: String, status: Int) async throws {
        try await withGateway(MemorySource()) { _, port in
            let client = try await TestClient(port: port)
            try await client.send(source)
            let response = try await client.response()
            #expect(response.status == status)
            #expect(response["connection"] == "close")
            #expect(response.text.hasSuffix(".\n"), "one sentence: \(response.text)")
            #expect(try await client.isAtEnd())
        }
    }

    @Test func head_thatNeverEnds_is408() async throws {
        try await withGateway(MemorySource(), adjust: { $0.limits.requestHead = .seconds(3) }) { _, port in
            let client = try await TestClient(port: port)
            try await client.send("GET / HTTP/1.1\r\nHo")
            #expect(try await client.response().status == 408)
            #expect(try await client.isAtEnd())
        }
    }

    @Test func connection_withoutRequests_isClosed() async throws {
        try await withGateway(MemorySource(), adjust: { $0.limits.idle = .seconds(3) }) { _, port in
            let client = try await TestClient(port: port)
            #expect(try await client.get("/healthz").status == 200)
            #expect(try await client.isAtEnd())
        }
    }

    @Test func connections_overTheMost_areTurnedAway() async throws {
        try await withGateway(MemorySource(), adjust: { $0.connectionsMax = 2 }) { server, port in
            let first = try await TestClient(port: port)
            let second = try await TestClient(port: port)
            #expect(try await first.get("/healthz").status == 200)
            #expect(try await second.get("/healthz").status == 200)
            let third = try await TestClient(port: port)
            await #expect(throws: (any Error).self) { try await third.get("/healthz") }
            #expect(server.counters.connectionsRefused == 1)
            #expect(try await first.get("/healthz").status == 200)
        }
    }

    @Test func requests_overTheMostAtOnce_waitForTheirTurn() async throws {
        let (site, cids) = Self.site()
        let source = MemorySource(site)
        try await withGateway(source, adjust: { $0.requestsInFlightMax = 1 }) { _, port in
            try await withThrowingTaskGroup(of: Int.self) { group in
                for index in 0..<20 {
                    group.addTask {
                        let client = try await TestClient(port: port)
                        return try await client.get("/ipfs/\(cids[index % 5])?n=\(index)").status
                    }
                }
                for try await status in group { #expect(status == 200) }
            }
        }
    }

    @Test func shutdown_letsTheAnswerInProgressEnd() async throws {
        var site = TestSite()
        let bytes = TestSite.pattern(6_000_000)
        let file = site.file(bytes)
        try await withGateway(MemorySource(site), adjust: { $0.limits.shutdown = .seconds(30) }) { server, port in
            let client = try await TestClient(port: port, autoRead: false)
            try await client.send(get("/ipfs/\(file)"))
            #expect(try await client.receive())
            server.beginShutdown()
            #expect(try await client.response().body == bytes)
        }
    }

    @Test func portTaken_isSaid() async throws {
        try await withGateway(MemorySource()) { _, port in
            let error = await #expect(throws: GatewayError.self) {
                try await withGateway(MemorySource(), adjust: { $0.port = port }) { _, _ in }
            }
            #expect(error?.code == .portTaken)
        }
    }
}
