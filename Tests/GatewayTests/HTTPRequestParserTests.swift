import Core
import Gateway
import Testing

private func parse(_ text: String) -> HTTPRequestParser.Outcome {
    parse(Array(text.utf8))
}

private func parse(_ bytes: [UInt8]) -> HTTPRequestParser.Outcome {
    var parser = HTTPRequestParser()
    return bytes.withUnsafeBytes { parser.parse($0) }
}

private func head(_ text: String) throws -> HTTPRequestHead {
    guard case .head(let head, let length) = parse(text) else {
        Issue.record("refused or incomplete: \(parse(text))")
        throw HTTPRefusal(.badRequest, "")
    }
    #expect(length == text.utf8.count)
    return head
}

private func text(_ range: Range<Int>, of source: String) -> String {
    String(decoding: Array(source.utf8)[range], as: UTF8.self)
}

struct HTTPRequestParserTests {
    @Test func request_wellFormed_givesPositionsOfWhatMatters() throws {
        let source = """
            GET /ipfs/bafkqaaa?format=raw HTTP/1.1\r
            Host: 127.0.0.1:8080\r
            accept:  text/html,*/* \r
            Range: bytes=0-1\r
            If-None-Match: "a", W/"b"\r
            if-range: "a"\r
            Cache-Control: no-cache, Only-If-Cached\r
            Service-Worker: script\r
            X-Other: anything at all\r
            \r

            """
        let head = try head(source)
        #expect(head.method == .get)
        #expect(head.keepAlive)
        #expect(text(head.target, of: source) == "/ipfs/bafkqaaa?format=raw")
        #expect(text(head.host, of: source) == "127.0.0.1:8080")
        #expect(text(head.accept, of: source) == "text/html,*/*")
        #expect(text(head.range, of: source) == "bytes=0-1")
        #expect(text(head.ifNoneMatch, of: source) == "\"a\", W/\"b\"")
        #expect(text(head.ifRange, of: source) == "\"a\"")
        #expect(head.onlyIfCached)
        #expect(head.serviceWorkerScript)
        #expect(!head.isPlain)
    }

    @Test func request_minimal_isPlain() throws {
        #expect(try head("GET / HTTP/1.1\r\nHost: a\r\n\r\n").isPlain)
        #expect(try head("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n").isPlain)
        #expect(try !head("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").isPlain)
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", true),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", false),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: foo , CLOSE\r\n\r\n", false),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: enclosed\r\n\r\n", true),
        ("GET / HTTP/1.0\r\n\r\n", false),
        ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true),
        ("GET / HTTP/1.0\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n", false),
    ])
    func connection_field_decidesAboutKeepAlive(source: String, keepAlive: Bool) throws {
        #expect(try head(source).keepAlive == keepAlive)
    }

    @Test func target_absoluteForm_outranksHostField() throws {
        let source = "GET http://a.example:80/x?y HTTP/1.1\r\nHost: other\r\n\r\n"
        let head = try head(source)
        #expect(text(head.target, of: source) == "/x?y")
        #expect(text(head.host, of: source) == "a.example:80")
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n",
        "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.9\r\nHost: a\r\n\r\n",
        "GET /caf\u{E9} HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX-Empty:\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n",
    ])
    func request_unusualButAllowed_isAccepted(source: String) throws {
        _ = try head(source)
    }

    static let hostile: [(String, Int)] = [
        // Two parsers could disagree about where these end or what they name.
        ("GET / HTTP/1.1\nHost: a\n\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nA: b\rc\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nNo colon\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: \u{0}\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +0\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0, 0\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 00000000000000000000000\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nRange: bytes=0-1\r\nRange: bytes=2-3\r\n\r\n", 400),
        // Request lines that are none.
        ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400),
        ("GET /\r\nHost: a\r\n\r\n", 400),
        ("GET / http/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/11\r\nHost: a\r\n\r\n", 400),
        ("GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET http:// HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET http://a@b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("\u{16}\u{3}\u{1}", 400),
        ("{\"jsonrpc\"", 400),
        // Understood and not offered.
        ("POST / HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        ("DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        ("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        ("get / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        ("BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        ("PRI * HTTP/2.0\r\n\r\n", 505),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        ("GET / HTTP/1.1\r\nHost: a\r\nExpect: magic\r\n\r\n", 417),
    ]

    @Test(arguments: hostile)
    func request_hostile_isRefused(source: String, status: Int) {
        guard case .refused(let refusal) = parse(source) else {
            Issue.record("accepted or incomplete: \(source.debugDescription) \(parse(source))")
            return
        }
        #expect(refusal.status.code == status, "\(source.debugDescription): \(refusal.message)")
    }

    @Test func head_overItsLimits_isRefusedBeforeItEnds() {
        let long = "GET /" + String(repeating: "a", count: HTTPRequestParser.targetBytesMax + 64)
        #expect(status(of: parse(long)) == 414)
        #expect(
            status(of: parse("GET /" + String(repeating: "a", count: 8_192) + " HTTP/1.1\r\nHost: a\r\n\r\n")) == 414
        )
        let field = "X: " + String(repeating: "b", count: HTTPRequestParser.headBytesMax)
        #expect(status(of: parse("GET / HTTP/1.1\r\nHost: a\r\n" + field)) == 431)
        #expect(status(of: parse("GET / HTTP/1.1\r\nHost: a\r\n" + field + "\r\n\r\n")) == 431)
        let many = String(repeating: "A: b\r\n", count: HTTPRequestParser.fieldCountMax)
        #expect(status(of: parse("GET / HTTP/1.1\r\nHost: a\r\n" + many + "\r\n")) == 431)
    }

    private func status(of outcome: HTTPRequestParser.Outcome) -> Int? {
        guard case .refused(let refusal) = outcome else { return nil }
        return refusal.status.code
    }

    @Test func head_arrivingByteByByte_isTheSame() {
        let source = Array("\r\nGET /a HTTP/1.1\r\nHost: a\r\nAccept: b\r\n\r\nGET /b".utf8)
        let whole = parse(source)
        let end = source.count - 6
        var parser = HTTPRequestParser()
        for count in 0..<end {
            #expect(source[..<count].withUnsafeBytes { parser.parse($0) } == .incomplete)
        }
        #expect(source[..<end].withUnsafeBytes { parser.parse($0) } == whole)
        #expect(source[end...].withUnsafeBytes { parser.parse($0) } == .incomplete, "the next request begins afresh")
    }

    /// Whatever the bytes are, positions stay inside them and split arrival changes nothing.
    @Test(arguments: UInt64(0)..<300)
    func bytes_mutated_neverEscapeTheirBounds(seed: UInt64) {
        var rng = SplitMix64(seed: seed)
        let corpus =
            Self.hostile.map(\.0) + ["GET /ipfs/a?b=c HTTP/1.1\r\nHost: x.ipfs.localhost\r\nRange: bytes=1-\r\n\r\n"]
        for _ in 0..<20 {
            var bytes = Array(corpus[Int.random(in: 0..<corpus.count, using: &rng)].utf8)
            for _ in 0..<Int.random(in: 1...6, using: &rng) {
                let at = Int.random(in: 0..<bytes.count, using: &rng)
                switch Int.random(in: 0..<4, using: &rng) {
                case 0: bytes[at] = UInt8.random(in: .min ... .max, using: &rng)
                case 1: bytes.insert(contentsOf: [0x0D, 0x0A], at: at)
                case 2: bytes.insert([0x00, 0x20, 0x3A, 0x0A, 0xFF][Int.random(in: 0..<5, using: &rng)], at: at)
                default: if bytes.count > 1 { bytes.remove(at: at) }
                }
            }
            let whole = parse(bytes)
            if case .head(let head, let length) = whole {
                #expect(length <= bytes.count)
                for range in [head.target, head.host, head.accept, head.range, head.ifRange, head.ifNoneMatch] {
                    #expect(range.upperBound <= length)
                }
                _ = bytes.withUnsafeBytes { try? GatewayRequest(head, in: $0) }
            }
            var parser = HTTPRequestParser()
            let cut = Int.random(in: 0..<bytes.count, using: &rng)
            let first = bytes[..<cut].withUnsafeBytes { parser.parse($0) }
            if first == .incomplete {
                #expect(bytes.withUnsafeBytes { parser.parse($0) } == whole, "replay: seed \(seed)")
            }
        }
    }
}
