import Content
import Core
import Gateway
import Testing

/// The CIDs of the blocks in a CAR, in order; also checks each against its bytes.
private func blocks(ofCAR bytes: [UInt8]) throws -> (roots: [CID], cids: [CID]) {
    var rest = bytes[...]
    func section() throws -> ArraySlice<UInt8> {
        let length = Int(try Varint.read(from: &rest))
        defer { rest = rest.dropFirst(length) }
        return rest.prefix(length)
    }
    var header = try section()
    // The header is {"roots": [tag 42 CID], "version": 1}: the CID stands behind the tag's identity prefix.
    guard let tag = header.indices.first(where: { header[$0...].starts(with: [0xD8, 0x2A]) }) else {
        return ([], [])
    }
    header = header[(tag + (header[tag + 2] == 0x58 ? 5 : 4))...]
    let root = try CID.read(from: &header)
    var cids: [CID] = []
    while !rest.isEmpty {
        var body = try section()
        let cid = try CID.read(from: &body)
        #expect(cid.matches(body), "\(cid) does not match its bytes")
        cids.append(cid)
    }
    return ([root], cids)
}

struct GatewayTrustlessTests {
    /// The file of the specification's examples: five leaves of 256 bytes, here with one byte of its own each.
    private struct Fixture {
        var site = TestSite()
        let file: CID
        let leaves: [CID]
        let directory: CID
        let root: CID
        let bytes = TestSite.pattern(1_280)

        init() {
            file = site.file(bytes, chunk: 256)
            leaves = site.leaves.map(\.0)
            let twin = site.file([1, 2, 3])
            directory = site.directory([("a", twin), ("b", twin), ("five", file)])
            root = site.directory([("dir", directory)])
        }
    }

    @Test func raw_isTheBlockItself() async throws {
        let fixture = Fixture()
        try await withGateway(MemorySource(fixture.site)) { _, port in
            let client = try await TestClient(port: port)
            let leaf = fixture.leaves[2]
            for fields in [[], ["Accept: application/vnd.ipld.raw"]] {
                let response = try await client.get(
                    "/ipfs/\(leaf)" + (fields.isEmpty ? "?format=raw" : ""),
                    fields: fields
                )
                #expect(response.status == 200)
                #expect(response.body == Array(fixture.bytes[512..<768]))
                #expect(response["content-type"] == "application/vnd.ipld.raw")
                #expect(response["content-disposition"] == "attachment; filename=\"\(leaf).bin\"")
                #expect(response["etag"] == "\"\(leaf).raw\"")
                #expect(response["content-location"] == (fields.isEmpty ? nil : "/ipfs/\(leaf)?format=raw"))
            }
            let part = try await client.get("/ipfs/\(leaf)?format=raw", fields: ["Range: bytes=1-2"])
            #expect(part.status == 206)
            #expect(part.body == Array(fixture.bytes[513...514]))
            let same = try await client.get("/ipfs/\(leaf)?format=raw", fields: ["If-None-Match: \"\(leaf).raw\""])
            #expect(same.status == 304)
        }
    }

    @Test(arguments: [
        ("512:1023", [2, 3]), ("0:0", [0]), ("-5:*", [4]), ("-300:*", [3, 4]), ("-9999:*", [0, 1, 2, 3, 4]),
        ("0:*", [0, 1, 2, 3, 4]), ("255:256", [0, 1]), ("1279:9999", [4]), ("0:-1", [0, 1, 2, 3, 4]), ("0:-1025", [0]),
    ])
    func car_withEntityBytes_hasTheFewestBlocks(range: String, expected: [Int]) async throws {
        let fixture = Fixture()
        try await withGateway(MemorySource(fixture.site)) { _, port in
            let client = try await TestClient(port: port)
            let response = try await client.get("/ipfs/\(fixture.file)?format=car&entity-bytes=\(range)")
            #expect(response.status == 200)
            let car = try blocks(ofCAR: response.body)
            #expect(car.roots == [fixture.file])
            #expect(car.cids == [fixture.file] + expected.map { fixture.leaves[$0] })
        }
    }

    @Test func car_byScope_hasPathThenEntity() async throws {
        let fixture = Fixture()
        try await withGateway(MemorySource(fixture.site)) { _, port in
            let client = try await TestClient(port: port)
            func cids(_ target: String) async throws -> [CID] {
                try blocks(ofCAR: try await client.get(target).body).cids
            }
            let path = [fixture.root, fixture.directory]
            let twin = CID(hashing: [1, 2, 3], codec: .raw)
            let base = "/ipfs/\(fixture.root)/dir"
            #expect(try await cids("\(base)?format=car&dag-scope=block") == path)
            #expect(try await cids("\(base)?format=car&dag-scope=entity") == path)
            #expect(try await cids("\(base)?format=car") == path + [twin, fixture.file] + fixture.leaves)
            #expect(try await cids("\(base)?format=car&car-dups=y") == path + [twin, fixture.file] + fixture.leaves)
            #expect(try await cids("\(base)/five?format=car&dag-scope=block") == path + [fixture.file])
            #expect(
                try await cids("\(base)/five?format=car&dag-scope=entity") == path + [fixture.file] + fixture.leaves
            )
            let response = try await client.get("\(base)?format=car")
            #expect(response["content-type"] == "application/vnd.ipld.car; version=1; order=dfs; dups=n")
            #expect(response["etag"]?.hasPrefix("W/\"") == true)
            #expect(response["accept-ranges"] == "none")
            #expect(response["content-disposition"] == "attachment; filename=\"\(fixture.root).car\"")
            let other = try await client.get("\(base)?format=car&dag-scope=block")
            #expect(other["etag"] != response["etag"])
            let known = try await client.get("\(base)?format=car", fields: ["If-None-Match: \(response["etag"] ?? "")"])
            #expect(known.status == 304)
        }
    }

    @Test func car_ofAnIdentity_hasARootAndNoBlock() async throws {
        try await withGateway(MemorySource()) { _, port in
            let client = try await TestClient(port: port)
            let response = try await client.get("/ipfs/bafkqaaa?format=car")
            #expect(response.status == 200)
            let car = try blocks(ofCAR: response.body)
            #expect(car.cids.isEmpty)
            #expect(car.roots == [try CID("bafkqaaa")])
        }
    }

    @Test func car_ofAMissingPath_is404() async throws {
        let fixture = Fixture()
        try await withGateway(MemorySource(fixture.site)) { _, port in
            let client = try await TestClient(port: port)
            #expect(try await client.get("/ipfs/\(fixture.root)/nothing?format=car").status == 404)
        }
    }

    @Test func car_whoseChildNobodyHas_isBrokenOff() async throws {
        var site = TestSite()
        let file = site.file(TestSite.pattern(8 << 20))
        let leaves = site.leaves.map(\.0)
        let source = MemorySource(site)
        source.with { $0.local[leaves[6]] = nil }
        try await withGateway(source) { server, port in
            let client = try await TestClient(port: port)
            await #expect(throws: (any Error).self) { try await client.get("/ipfs/\(file)?format=car") }
            #expect(await client.received < 8 << 20, "an answer that broke off looks whole")
            #expect(server.counters.resets == 1)
        }
    }

    @Test func car_ofManyBlocks_isWholeOverAllLooksAndGroups() async throws {
        var site = TestSite()
        let file = site.file(TestSite.pattern(3_000), chunk: 1)
        let many = site.file((0..<3_000).flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }, chunk: 2)
        let root = site.directory([("few", file), ("many", many)])
        let all = site.blocks
        try await withGateway(MemorySource(site)) { _, port in
            let client = try await TestClient(port: port)
            let car = try blocks(ofCAR: try await client.get("/ipfs/\(root)?format=car").body)
            #expect(car.cids.count == all.count)
            #expect(Set(car.cids) == Set(all.keys))
        }
    }

    @Test func car_forHTTP10_endsWithTheConnection() async throws {
        let fixture = Fixture()
        try await withGateway(MemorySource(fixture.site)) { _, port in
            let client = try await TestClient(port: port)
            try await client.send("GET /ipfs/\(fixture.file)?format=car HTTP/1.0\r\n\r\n")
            let response = try await client.response()
            #expect(response["transfer-encoding"] == nil)
            #expect(response["connection"] == "close")
            #expect(try blocks(ofCAR: response.body).cids == [fixture.file] + fixture.leaves)
        }
    }
}
