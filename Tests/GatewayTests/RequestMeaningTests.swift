import Content
import Core
import Gateway
import Testing

/// A request as a client would send it, for tests of what it means.
func makeRequest(_ target: String, host: String = "127.0.0.1:8080", fields: [String] = []) throws -> GatewayRequest {
    let lines = ["GET \(target) HTTP/1.1", "Host: \(host)"] + fields
    let bytes = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    var parser = HTTPRequestParser()
    return try bytes.withUnsafeBytes { bytes in
        switch parser.parse(bytes) {
        case .head(let head, _): return try GatewayRequest(head, in: bytes)
        case .refused(let refusal): throw refusal
        case .incomplete: throw HTTPRefusal(.badRequest, "incomplete")
        }
    }
}

private let hosts: [SubdomainHost] = [.localhost, SubdomainHost("gw.example", redirect: .always)]
private let cidText = "bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"

struct RequestTargetTests {
    @Test func path_percentEncoded_isDecodedBySegment() throws {
        let target = try RequestTarget(Array("/ipfs/a/%D1%82%2Fb//c%20d/?x=1+2&y&x=3".utf8))
        #expect(target.segments == ["ipfs", "a", "т/b", "c d"])
        #expect(target.endsInSlash)
        #expect(target.parameter("x") == "1 2")
        #expect(target.parameter("y") == "")
        #expect(target.parameter("z") == nil)
        #expect(target.rawPath == "/ipfs/a/%D1%82%2Fb//c%20d/")
    }

    @Test(arguments: [
        "/ipfs/a/../b", "/ipfs/a/%2e%2E/b", "/./a", "/a/%", "/a/%4", "/a/%zz", "/a/%00", "/a/%ff", "/?a=%c3%28",
        "/?" + String(repeating: "a&", count: 33), String(repeating: "/a", count: 257),
    ])
    func path_thatNobodyMeans_isRefused(text: String) {
        #expect(throws: HTTPRefusal.self) { try RequestTarget(Array(text.utf8)) }
    }
}

struct GatewayRouteTests {
    private func route(_ target: String, host: String = "127.0.0.1:8080", fields: [String] = []) throws -> GatewayRoute
    {
        try GatewayRoute(makeRequest(target, host: host, fields: fields), subdomainHosts: hosts)
    }

    private func content(_ target: String, host: String = "127.0.0.1") throws -> ContentAddress {
        guard case .content(let address) = try route(target, host: host) else { throw HTTPRefusal(.notFound, "") }
        return address
    }

    @Test func path_ofContent_namesRootAndPath() throws {
        let address = try content("/ipfs/\(cidText)/a%20b/c/")
        #expect(address.root == .cid(try CID(cidText)))
        #expect(address.path == ["a b", "c"])
        #expect(address.ipfsPath == "/ipfs/\(cidText)/a%20b/c/")
    }

    @Test func host_ofContent_namesRoot() throws {
        let address = try content("/a/b", host: "\(cidText).ipfs.localhost:8080")
        #expect(address.root == .cid(try CID(cidText)))
        #expect(address.path == ["a", "b"])
        #expect(address.ipfsPath == "/ipfs/\(cidText)/a/b")
        let upper = try content("/", host: "\(cidText.uppercased()).IPFS.localhost")
        #expect(upper.root == .cid(try CID(cidText)))
    }

    @Test func name_inBothTexts_isTheSameKey() throws {
        let name = try PublisherID(Array(0..<32).map { UInt8($0) })
        let old = Multibase.base58btc.encodeBare(Array(name.cid.bytes.dropFirst(2)))
        #expect(old.hasPrefix("12D3"))
        #expect(try content("/ipns/\(name)/x").root == .name(name))
        #expect(try content("/ipns/\(old)/x").root == .name(name))
        #expect(try content("/x", host: "\(name).ipns.localhost").root == .name(name))
    }

    @Test func parentHost_redirectsToTheContentsOwnHost() throws {
        let location = "http://\(cidText).ipfs.gw.example/a%20b?c=d"
        #expect(try route("/ipfs/\(cidText)/a%20b?c=d", host: "gw.example") == .redirect(location))
        let forwarded = try route(
            "/ipfs/\(cidText)/",
            host: "inner:1",
            fields: ["X-Forwarded-Host: gw.example", "X-Forwarded-Proto: https"]
        )
        #expect(forwarded == .redirect("https://\(cidText).ipfs.gw.example/"))
        let old = "QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n"
        #expect(
            try route("/ipfs/\(old)", host: "gw.example")
                == .redirect("http://bafybeihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku.ipfs.gw.example/")
        )
    }

    @Test func localhost_redirectsBrowsersOnly() throws {
        let browser = try route("/ipfs/\(cidText)", host: "localhost:80", fields: ["Accept: text/html,*/*;q=0.8"])
        #expect(browser == .redirect("http://\(cidText).ipfs.localhost:80/"))
        guard case .content = try route("/ipfs/\(cidText)", host: "localhost:80", fields: ["Accept: */*"]) else {
            Issue.record("a tool was redirected")
            return
        }
    }

    @Test func uriParameter_isFollowed() throws {
        #expect(try route("/ipfs/?uri=ipfs%3A%2F%2F\(cidText)%2Fa") == .redirect("/ipfs/\(cidText)/a"))
        #expect(throws: HTTPRefusal.self) { try route("/ipfs/?uri=https%3A%2F%2Fevil.example") }
    }

    @Test(arguments: [
        ("/ipfs/", 400), ("/ipfs/nonsense", 400), ("/ipns/example.org", 400), ("/ipns/\(cidText)", 400),
        ("/elsewhere", 404), ("/ipfs/bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5f", 400),
    ])
    func target_withoutContent_isRefused(target: String, status: Int) throws {
        let error = #expect(throws: HTTPRefusal.self) { try route(target) }
        #expect(error?.status.code == status)
    }

    @Test func label_thatIsNoCID_isRefused() throws {
        let error = #expect(throws: HTTPRefusal.self) { try route("/", host: "nonsense.ipfs.localhost") }
        #expect(error?.status.code == 400)
        #expect(try content("/ipfs/\(cidText)", host: "my.ipfs.example").root == .cid(CID(cidText)))
    }
}

struct NegotiatedFormatTests {
    private func negotiate(_ query: String, accept: String? = nil) throws -> NegotiatedFormat {
        try NegotiatedFormat(RequestTarget(Array("/ipfs/x?\(query)".utf8)), accept: accept)
    }

    @Test func query_outranksAccept() throws {
        let format = try negotiate("format=raw", accept: "application/vnd.ipld.car")
        #expect(format.format == .raw)
        #expect(format.chosenByAccept == nil)
    }

    @Test(
        arguments: [
            (nil, ResponseFormat.deserialized), ("*/*", .deserialized), ("text/html, */*;q=0.1", .deserialized),
            ("application/vnd.ipld.raw", .raw), ("APPLICATION/vnd.ipld.RAW", .raw),
            ("*/*, application/vnd.ipld.raw", .raw), ("text/html, application/vnd.ipld.raw;q=0.5", .deserialized),
            ("application/vnd.ipld.raw;q=0", .deserialized), ("application/vnd.ipfs.ipns-record", .ipnsRecord),
            ("application/x-tar", .notOffered("tar")),
        ] as [(String?, ResponseFormat)]
    )
    func accept_choosesTheForm(accept: String?, expected: ResponseFormat) throws {
        #expect(try negotiate("", accept: accept).format == expected)
    }

    @Test func carParameters_inQuery_outrankThoseOfTheMediaType() throws {
        var expected = CARRequest()
        let media = "application/vnd.ipld.car; version=2; order=dfs; dups=y"
        #expect(throws: HTTPRefusal.self) { try negotiate("", accept: media) }
        #expect(try negotiate("car-version=1", accept: media).format == .car(expected))
        expected.scope = .entity
        expected.entityBytes = .init(from: -5, to: nil)
        #expect(try negotiate("format=car&entity-bytes=-5:*").format == .car(expected))
    }

    @Test(arguments: [
        "format=zip", "format=car&car-version=2", "format=car&car-order=random", "format=car&car-dups=maybe",
        "format=car&dag-scope=some", "format=car&entity-bytes=1", "format=car&entity-bytes=a:b",
        "format=car&entity-bytes=5:2", "format=car&entity-bytes=99999999999999999999:*",
    ])
    func parameter_notUnderstood_isRefused(query: String) throws {
        let error = #expect(throws: HTTPRefusal.self) { try negotiate(query) }
        #expect(error?.status.code == 400)
    }
}

struct FieldTests {
    @Test(
        arguments: [
            (nil, .whole), ("bytes=0-0", .part(0...0)), ("bytes=5-", .part(5...9)), ("bytes=-3", .part(7...9)),
            ("bytes=-30", .part(0...9)), ("bytes=2-99", .part(2...9)), ("Bytes = 2-3", .part(2...3)),
            ("bytes=10-", .unsatisfiable), ("bytes=-0", .unsatisfiable),
            ("bytes=99999999999999999999-", .unsatisfiable),
            ("bytes=3-2", .whole), ("bytes=a-b", .whole), ("bytes=0-1,3-4", .whole), ("lines=0-1", .whole),
            ("bytes=-", .whole),
            ("bytes", .whole),
        ] as [(String?, ByteRangeRequest)]
    )
    func range_isReadAsRFC9110Says(field: String?, expected: ByteRangeRequest) {
        #expect(ByteRangeRequest(field, length: 10) == expected)
    }

    @Test func range_ofNothing_cannotBeSatisfied() {
        #expect(ByteRangeRequest("bytes=0-", length: 0) == .unsatisfiable)
        #expect(ByteRangeRequest("bytes=-1", length: 0) == .unsatisfiable)
    }

    @Test(arguments: [
        ("\"a\"", true), ("W/\"a\"", true), ("\"b\", \"a\"", true), ("\"b\",W/\"a\"", true), ("*", true),
        ("\"b\"", false), ("a", false), ("", false), ("\"a", false), ("\"b\" \"a\"", true),
    ])
    func entityTags_areComparedWeakly(field: String, matches: Bool) {
        #expect(EntityTag.field(field, names: "\"a\"") == matches)
        #expect(EntityTag.field(field, names: "W/\"a\"") == matches)
    }

    @Test func ifRange_isComparedStrongly() {
        #expect(EntityTag.ifRange("\"a\"", allows: "\"a\""))
        #expect(!EntityTag.ifRange("W/\"a\"", allows: "W/\"a\""))
        #expect(!EntityTag.ifRange("Sun, 06 Nov 1994 08:49:37 GMT", allows: "\"a\""))
    }

    @Test func date_isFormatted() {
        #expect(String(decoding: HTTPDate.format(784_111_777), as: UTF8.self) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(String(decoding: HTTPDate.format(951_782_400), as: UTF8.self) == "Tue, 29 Feb 2000 00:00:00 GMT")
        #expect(String(decoding: HTTPDate.format(0), as: UTF8.self) == "Thu, 01 Jan 1970 00:00:00 GMT")
    }

    @Test func fileName_outsideASCII_getsBothForms() {
        #expect(
            ContentDisposition.field(name: "testтест.jpg", isAttachment: false)
                == "inline; filename=\"test____.jpg\"; filename*=UTF-8''test%D1%82%D0%B5%D1%81%D1%82.jpg"
        )
        #expect(ContentDisposition.field(name: "a.txt", isAttachment: true) == "attachment; filename=\"a.txt\"")
        #expect(
            ContentDisposition.field(name: "a\"\r\nb", isAttachment: true)
                == "attachment; filename=\"a___b\"; filename*=UTF-8''a%22%0D%0Ab"
        )
    }

    @Test func contentType_isFoundByNameThenByBytes() {
        #expect(ContentType.of(name: "Index.HTML") == "text/html; charset=utf-8")
        #expect(ContentType.of(name: "archive.tar.gz") == "application/gzip")
        #expect(ContentType.of(name: "README") == nil)
        #expect(ContentType.of(name: ".html") == nil)
        #expect(sniff(Array("plain text ü\n".utf8)) == "text/plain; charset=utf-8")
        #expect(sniff(Array("<script>alert(1)</script>".utf8)) == "text/plain; charset=utf-8")
        #expect(sniff([0x00, 0x01]) == ContentType.unknown)
        #expect(sniff([0xFF, 0xFE, 0x41]) == ContentType.unknown)
        let cut = Array(String(repeating: "a", count: 511).utf8) + Array("ü and more".utf8)
        #expect(sniff(cut) == "text/plain; charset=utf-8", "the cut falls inside a character")
    }

    private func sniff(_ bytes: [UInt8]) -> String {
        ContentType.sniff(bytes, of: UInt64(bytes.count))
    }
}
