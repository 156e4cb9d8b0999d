import Core
import Gateway
import Testing

struct GatewayStreamingTests {
    /// A file whose node is here and whose leaves are elsewhere.
    private static func remoteFile(_ bytes: [UInt8]) -> (MemorySource, CID, [CID]) {
        var site = TestSite()
        let file = site.file(bytes)
        let source = MemorySource()
        let blocks = site.blocks
        source.with { state in
            state.remote = blocks
            state.local[file] = blocks[file]
        }
        return (source, file, site.leaves.map(\.0))
    }

    @Test func largeFile_thatIsElsewhere_isSentWhileItComes() async throws {
        let bytes = TestSite.pattern(20 << 20)
        let (source, file, leaves) = Self.remoteFile(bytes)
        try await withGateway(source) { _, port in
            let client = try await TestClient(port: port)
            let response = try await client.get("/ipfs/\(file)")
            #expect(response.status == 200)
            #expect(response.body == bytes)
            #expect(source.with { $0.fetched } == leaves, "each leaf came once, in order")
        }
    }

    @Test func leaf_thatNobodyHas_breaksTheAnswerOff() async throws {
        let bytes = TestSite.pattern(20 << 20)
        let (source, file, leaves) = Self.remoteFile(bytes)
        source.with { $0.remote[leaves[17]] = nil }
        try await withGateway(source) { server, port in
            let client = try await TestClient(port: port)
            await #expect(throws: (any Error).self) { try await client.get("/ipfs/\(file)") }
            #expect(await client.received < bytes.count)
            #expect(server.counters.resets == 1)
        }
    }

    @Test func firstWindow_thatNobodyHas_isAnErrorAndNoBrokenAnswer() async throws {
        let (source, file, leaves) = Self.remoteFile(TestSite.pattern(20 << 20))
        source.with { $0.remote[leaves[3]] = nil }
        try await withGateway(source) { _, port in
            let client = try await TestClient(port: port)
            #expect(try await client.get("/ipfs/\(file)?filename=a.bin").status == 404)
            #expect(try await client.get("/healthz").status == 200)
        }
    }

    @Test func client_thatReadsSlowly_holdsTheFetchingBack() async throws {
        let bytes = TestSite.pattern(64 << 20)
        let (source, file, _) = Self.remoteFile(bytes)
        try await withGateway(source) { _, port in
            let client = try await TestClient(port: port, autoRead: false)
            try await client.send("GET /ipfs/\(file) HTTP/1.1\r\nHost: a\r\n\r\n")
            var leadMax = 0
            while await client.received < bytes.count {
                guard try await client.receive() else { break }
                let fetched = source.with { $0.fetchedBytes }
                leadMax = max(leadMax, fetched - (await client.received))
            }
            #expect(try await client.response().body == bytes)
            // Two windows, what is on its way, and both sockets' buffers; the client's is fixed, the kernel grows it else.
            #expect(leadMax < 40 << 20)
        }
    }

    @Test func file_onDisk_isSentInPieces_andRemembered() async throws {
        var site = TestSite()
        let bytes = TestSite.pattern(9_500_000)
        let file = site.file(bytes)
        for gap in [0, 3] {
            let source = MemorySource(site, onDisk: true, gap: gap)
            try await withGateway(source) { server, port in
                let client = try await TestClient(port: port)
                #expect(try await client.get("/ipfs/\(file)").body == bytes)
                let reads = source.with { $0.localReads }
                #expect(try await client.get("/ipfs/\(file)").body == bytes)
                #expect(source.with { $0.localReads } == reads, "the place on disk was remembered")
                #expect(server.counters.hits == 1)
            }
        }
    }

    @Test func file_thatChangedOnDisk_isNotServedFromIt() async throws {
        var site = TestSite()
        let bytes = TestSite.pattern(3_000_000)
        let file = site.file(bytes)
        let source = MemorySource(site, onDisk: true)
        try await withGateway(source) { server, port in
            let client = try await TestClient(port: port)
            #expect(try await client.get("/ipfs/\(file)").body == bytes)
            source.with { state in
                state.file?.change()
                state.file = nil
            }
            let again = try await client.get("/ipfs/\(file)")
            #expect(again.status == 200, "\(again.text.prefix(200))")
            #expect(again.body.count == bytes.count)
            #expect(again.body == bytes, "read and checked block by block instead")
            #expect(server.counters.hits == 0)
        }
    }

    @Test func client_thatLeaves_stopsTheFetching() async throws {
        let bytes = TestSite.pattern(64 << 20)
        let (source, file, leaves) = Self.remoteFile(bytes)
        try await withGateway(source) { _, port in
            let client = try await TestClient(port: port, autoRead: false)
            try await client.send("GET /ipfs/\(file) HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await client.receive())
            await client.close()
        }
        #expect(source.with { $0.fetched.count } < leaves.count, "the gateway has stopped, and so has the fetching")
    }
}
