import Content
import Core
import Gateway
import Testing

private struct Fixture {
    var site = TestSite()
    let root: CID
    let text: CID
    let big: CID
    let page: CID
    let bigBytes = TestSite.pattern(700_000)

    init() {
        text = site.file(Array("hello gateway\n".utf8))
        big = site.file(bigBytes, chunk: 100_000)
        page = site.file(Array("<h1>index</h1>".utf8))
        let link = site.symlink(to: "../elsewhere")
        let sub = site.directory([("index.html", page)])
        let plain = site.directory([("<b>&\"'.txt", text), ("späße", text), ("big.bin", big)])
        let node = site.other([0xA0], codec: .dagCBOR)
        let empty = site.file([])
        root = site.directory([
            ("a b.txt", text), ("big.bin", big), ("sub", sub), ("plain", plain), ("link", link), ("node", node),
            ("README", text), ("empty", empty),
        ])
    }

    func path(_ path: String) -> String { "/ipfs/\(root)/\(path)" }
}

struct GatewayContentTests {
    @Test func file_isServedWithTheFieldsOfThePathGateway() async throws {
        let fixture = Fixture()
        try await withGateway(MemorySource(fixture.site)) { server, port in
            let client = try await TestClient(port: port)
            for _ in 0..<3 {  // the second answer comes from memory
                let response = try await client.get(fixture.path("a%20b.txt"))
                #expect(response.status == 200)
                #expect(response.text == "hello gateway\n")
                #expect(response["content-type"] == "text/plain; charset=utf-8")
                #expect(response["etag"] == "\"\(fixture.text)\"")
                #expect(response["cache-control"] == "public, max-age=29030400, immutable")
                #expect(response["x-ipfs-path"] == "/ipfs/\(fixture.root)/a%20b.txt")
                #expect(response["x-ipfs-roots"] == "\(fixture.root),\(fixture.text)")
                #expect(response["x-content-type-options"] == "nosniff")
                #expect(response["access-control-allow-origin"] == "*")
                #expect(response["accept-ranges"] == "bytes")
                #expect(response["date"]?.count == HTTPDate.byteCount)
                #expect(response["connection"] == nil)
            }
            #expect(server.counters.hits == 2)
            #expect(server.counters.requests == 3)
            #expect(server.counters.statuses == [200: 3])
        }
    }

    @Test func head_hasTheLengthAndNoBody() async throws {
        let fixture = Fixture()
        try await withGateway(MemorySource(fixture.site, onDisk: true)) { _, port in
            let client = try await TestClient(port: port)
            for path in ["a%20b.txt", "big.bin"] {
                for _ in 0..<2 {
                    try await client.send("HEAD \(fixture.path(path)) HTTP/1.1\r\nHost: a\r\n\r\n")
                    let head = try await client.response(toHead: true)
                    let whole = try await client.get(fixture.path(path))
                    #expect(head["content-length"] == "\(whole.body.count)")
                    #expect(head["etag"] == whole["etag"])
                }
            }
        }
    }

    @Test(arguments: [false, true])
    func range_ofALargeFile_isExact(onDisk: Bool) async throws {
        let fixture = Fixture()
        try await withGateway(MemorySource(fixture.site, onDisk: onDisk, gap: 7)) { _, port in
            let client = try await TestClient(port: port)
            for range in [0...0, 99_999...100_000, 0...699_999, 150_000...650_123, 699_999...699_999] {
                let response = try await client.get(
                    fixture.path("big.bin"),
                    fields: ["Range: bytes=\(range.lowerBound)-\(range.upperBound)"]
                )
                #expect(response.status == 206)
                #expect(response["content-range"] == "bytes \(range.lowerBound)-\(range.upperBound)/700000")
                #expect(response.body == Array(fixture.bigBytes[range]))
            }
            for _ in 0..<2 { #expect(try await client.get(fixture.path("big.bin")).body == fixture.bigBytes) }
            let outside = try await client.get(fixture.path("big.bin"), fields: ["Range: bytes=700000-"])
            #expect(outside.status == 416)
            #expect(outside["content-range"] == "bytes */700000")
            let other = try await client.get(fixture.path("big.bin"), fields: ["Range: bytes=0-1", "If-Range: \"x\""])
            #expect(other.status == 200)
            let same = try await client.get(
                fixture.path("big.bin"),
                fields: ["Range: bytes=0-1", "If-Range: \"\(fixture.big)\""]
            )
            #expect(same.status == 206)
        }
    }

    @Test func ifNoneMatch_thatMatches_is304() async throws {
        let fixture = Fixture()
        try await withGateway(MemorySource(fixture.site)) { _, port in
            let client = try await TestClient(port: port)
            for field in ["\"\(fixture.text)\"", "W/\"\(fixture.text)\"", "\"x\", \"\(fixture.text)\"", "*"] {
                let response = try await client.get(fixture.path("README"), fields: ["If-None-Match: \(field)"])
                #expect(response.status == 304)
                #expect(response["etag"] == "\"\(fixture.text)\"")
                #expect(response["content-length"] == nil)
            }
            #expect(try await client.get(fixture.path("README"), fields: ["If-None-Match: \"x\""]).status == 200)
            let listing = try await client.get(fixture.path("plain/"), fields: ["If-None-Match: *"])
            #expect(listing.status == 304)
        }
    }

    @Test func directory_isRedirectedListedOrItsPageServed() async throws {
        let fixture = Fixture()
        try await withGateway(MemorySource(fixture.site)) { _, port in
            let client = try await TestClient(port: port)
            let redirect = try await client.get(fixture.path("sub?x=y"))
            #expect(redirect.status == 301)
            #expect(redirect["location"] == fixture.path("sub/?x=y"))
            let page = try await client.get(fixture.path("sub/"))
            #expect(page.text == "<h1>index</h1>")
            #expect(page["content-type"] == "text/html; charset=utf-8")
            #expect(page["etag"] == "\"\(fixture.page)\"")
            let listing = try await client.get(fixture.path("plain/"))
            #expect(listing.status == 200)
            #expect(listing["etag"]?.contains("\"DirIndex-") == true)
            #expect(listing["content-security-policy"]?.hasPrefix("default-src 'none'") == true)
            #expect(listing.text.contains("&lt;b&gt;&amp;&quot;&#39;.txt"))
            #expect(listing.text.contains("href=\"./%3Cb%3E%26%22%27.txt\""))
            #expect(listing.text.contains("href=\"../\""))
            #expect(!listing.text.contains("<b>"))
        }
    }

    @Test func oddThings_haveTheirOwnAnswers() async throws {
        let fixture = Fixture()
        try await withGateway(MemorySource(fixture.site)) { _, port in
            let client = try await TestClient(port: port)
            let link = try await client.get(fixture.path("link"))
            #expect(link.text == "../elsewhere")
            #expect(link["content-type"] == "inode/symlink")
            let empty = try await client.get(fixture.path("empty"))
            #expect(empty.status == 200 && empty.body.isEmpty)
            #expect(empty["content-length"] == "0")
            let identity = try await client.get("/ipfs/bafkqaaa?format=raw")
            #expect(identity.status == 200 && identity.body.isEmpty)
            let node = try await client.get(fixture.path("node"))
            #expect(node["content-type"] == "application/vnd.ipld.dag-cbor")
            #expect(try await client.get(fixture.path("node?format=dag-json")).status == 406)
            #expect(try await client.get(fixture.path("a%20b.txt?format=dag-cbor")).status == 406)
            #expect(try await client.get(fixture.path("plain?format=tar")).status == 406)
            #expect(
                try await client.get(fixture.path("README?filename=t%D1%82.html"))["content-type"]?.hasPrefix(
                    "text/html"
                ) == true
            )
            let download = try await client.get(fixture.path("README?download=true"))
            #expect(download["content-disposition"] == "attachment; filename=\"README\"")
        }
    }

    @Test func missingPath_underAKnownRoot_is404WithoutAskingOthers() async throws {
        let fixture = Fixture()
        let source = MemorySource(fixture.site)
        try await withGateway(source) { _, port in
            let client = try await TestClient(port: port)
            for path in ["nothing", "a%20b.txt/deeper", "link/deeper", "sub/nothing"] {
                let response = try await client.get(fixture.path(path))
                #expect(response.status == 404, "\(path)")
                #expect(response["content-type"] == "text/plain; charset=utf-8")
            }
            #expect(source.with { $0.entitiesAsked } == 0)
        }
    }

    @Test func content_thatNobodyHas_is404OrTimesOut() async throws {
        let source = MemorySource()
        let cid = CID(hashing: [1], codec: .raw)
        try await withGateway(source) { _, port in
            let client = try await TestClient(port: port)
            for query in ["", "?format=raw", "?format=car"] {
                let response = try await client.get("/ipfs/\(cid)\(query)")
                #expect(response.status == 404)
                #expect(response["cache-control"] == "no-store")
            }
            source.with { $0.failure = .timedOut }
            let late = try await client.get("/ipfs/\(cid)")
            #expect(late.status == 504)
            #expect(late["retry-after"] != nil)
            source.with { $0.failure = .unverifiable }
            #expect(try await client.get("/ipfs/\(cid)").status == 502)
        }
        try await withGateway(source, adjust: { $0.limits.answer = .milliseconds(500) }) { _, port in
            let client = try await TestClient(port: port)
            source.with { $0.isStuck = true }
            #expect(try await client.get("/ipfs/\(cid)").status == 504)
            source.with { $0.isStuck = false }
            try await client.send("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect([204, 504].contains(try await client.response().status), "the connection lives on")
        }
    }

    @Test func onlyIfCached_withoutTheRoot_is412() async throws {
        let fixture = Fixture()
        try await withGateway(MemorySource(fixture.site)) { _, port in
            let client = try await TestClient(port: port)
            let field = ["Cache-Control: only-if-cached"]
            #expect(try await client.get("/ipfs/\(CID(hashing: [9], codec: .raw))", fields: field).status == 412)
            #expect(try await client.get(fixture.path("README"), fields: field).status == 200)
        }
    }

    @Test func name_isResolvedAndItsTimeToLiveStated() async throws {
        let fixture = Fixture()
        let source = MemorySource(fixture.site)
        let name = try PublisherID(Array(repeating: 7, count: 32))
        source.with { $0.names[name] = NameResolution(root: fixture.root, ttl: 60, record: [1, 2, 3]) }
        try await withGateway(source) { _, port in
            let client = try await TestClient(port: port)
            let file = try await client.get("/ipns/\(name)/README")
            #expect(file.text == "hello gateway\n")
            #expect(file["cache-control"] == "public, max-age=60")
            #expect(file["x-ipfs-path"] == "/ipns/\(name)/README")
            let hosted = try await client.get("/README", host: "\(name).ipns.localhost:8080")
            #expect(hosted.body == file.body)
            let record = try await client.get("/ipns/\(name)?format=ipns-record")
            #expect(record.body == [1, 2, 3])
            #expect(record["content-type"] == "application/vnd.ipfs.ipns-record")
            #expect(record["content-disposition"] == "attachment; filename=\"\(name).ipns-record\"")
            #expect(try await client.get("/ipfs/\(fixture.root)?format=ipns-record").status == 400)
            #expect(try await client.get("/ipns/\(try PublisherID(Array(repeating: 8, count: 32)))").status == 404)
        }
    }

    @Test func name_thatMoves_isFollowedOnceItsShortValidityIsOver() async throws {
        var site = TestSite()
        let (old, new) = (site.file([1]), site.file([2]))
        let source = MemorySource(site)
        let name = try PublisherID(Array(repeating: 7, count: 32))
        source.with { $0.names[name] = NameResolution(root: old, ttl: 60, record: []) }
        try await withGateway(source) { server, port in
            let client = try await TestClient(port: port)
            #expect(try await client.get("/ipns/\(name)").body == [1])
            source.with { $0.names[name] = NameResolution(root: new, ttl: 60, record: []) }
            server.forgetAnswers()
            #expect(try await client.get("/ipns/\(name)").body == [2])
        }
    }

    @Test func options_isAnsweredForEveryPage() async throws {
        try await withGateway(MemorySource()) { _, port in
            let client = try await TestClient(port: port)
            try await client.send("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n")
            let response = try await client.response()
            #expect(response.status == 204)
            #expect(response["access-control-allow-methods"] == "GET, HEAD, OPTIONS")
        }
    }
}
