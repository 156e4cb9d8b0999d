import Control
import Foundation
import Logging
import Settings
import Testing

/// The OpenAPI document says what the node serves, and nothing else.
struct APIDocumentTests {
    @Test func document_namesEveryRouteAndNoOther() {
        let server = ControlServer(
            node: FakeNode(),
            endpoint: Endpoint(host: "127.0.0.1", port: 0),
            dataFolder: "/nowhere",
            logger: Logger(label: "test")
        )
        #expect(server.routes == APIDocument.routes)
    }

    @Test func document_inTheTree_isTheOneThatIsServed() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = try Data(contentsOf: root.appending(path: "docs/openapi.json"))
        #expect(Array(file) == (try APIDocument.json()), "write docs/openapi.json anew from what the node serves")
    }

    /// What a real answer has and what the schema says agree, in names and in types.
    @Test func answers_matchTheirSchemas() throws {
        try expect(FakeNode.status, "GET", "/v1/status")
        try expect([Finding("clock", .problem, "it is off", advice: "set it")], "GET", "/v1/doctor")
        try expect(KeyBackup(phrase: "a b", owner: "k51"), "GET", "/v1/key/backup")
        try expect([DeviceEntry(device: "k51", name: "a", state: .revoked, isThis: true)], "GET", "/v1/key/devices")
        let holder = PieceHolder(index: 1, node: "a", operator: "b", hosting: "c", jurisdiction: "d", alive: true)
        let segment = SegmentStatus(
            segment: "bafy",
            k: 1,
            n: 2,
            bytes: 3,
            piecesLive: 4,
            piecesTarget: 5,
            spare: 6,
            holders: [holder],
            worst: Concentrations(operator: .init(name: "a", pieces: 1), hosting: nil, jurisdiction: nil)
        )
        let status = ObjectStatus(
            name: "a",
            kind: .file,
            bytes: 1,
            modifiedMilliseconds: 2,
            leaseEndMilliseconds: 3,
            segments: [segment],
            spare: 1,
            conflicts: ["x"]
        )
        try expect(status, "GET", "/v1/objects/stat")
    }

    /// The last line of a drill, with every field that it can have.
    @Test func drill_matchesItsSchema() throws {
        let line = ["result": FakeDrill.result(FakeDrill.request)]
        let schema = try #require(
            APIDocument.value["paths"]?["/v1/drill"]?["post"]?["responses"]?["200"]?["content"]?[
                "application/x-ndjson"
            ]?[
                "schema"
            ]
        )
        try check(try JSONSerialization.jsonObject(with: JSONEncoder().encode(line)), schema, "/v1/drill")
        let body = try #require(
            APIDocument.value["paths"]?["/v1/drill"]?["post"]?["requestBody"]?["content"]?["application/json"]?[
                "schema"
            ]
        )
        let request = try JSONSerialization.jsonObject(with: JSONEncoder().encode(FakeDrill.request))
        try check(request, body, "/v1/drill")
        // What may be left out may be left out.
        let bare = DrillRequest(lose: ["33%"])
        try check(try JSONSerialization.jsonObject(with: JSONEncoder().encode(bare)), body, "/v1/drill")
    }

    private func expect(_ answer: some Encodable, _ method: String, _ path: String) throws {
        let schema = try #require(
            APIDocument.value["paths"]?[path]?[method.lowercased()]?["responses"]?["200"]?["content"]?[
                "application/json"
            ]?["schema"]
        )
        let json = try JSONSerialization.jsonObject(with: JSONEncoder().encode(answer))
        try check(json, schema, path)
    }

    private func check(_ value: Any, _ given: JSONValue, _ place: String) throws {
        var schema = given
        if case .string(let reference)? = given["$ref"], let name = reference.split(separator: "/").last {
            schema = try #require(APIDocument.value["components"]?["schemas"]?[String(name)], "\(reference) is nowhere")
        }
        switch schema["type"] {
        case "object":
            let fields = try #require(value as? [String: Any], "\(place) is no object")
            if case .array(let required)? = schema["required"] {
                for case .string(let name) in required { #expect(fields[name] != nil, "\(place) lacks \(name)") }
            }
            for (name, field) in fields {
                guard let inner = schema["properties"]?[name] ?? schema["additionalProperties"] else {
                    Issue.record("the schema of \(place) does not know \(name)")
                    continue
                }
                try check(field, inner, "\(place).\(name)")
            }
        case "array":
            let items = try #require(value as? [Any], "\(place) is no list")
            let inner = try #require(schema["items"])
            for item in items { try check(item, inner, "\(place)[]") }
        case "string":
            let text = try #require(value as? String, "\(place) is no text")
            if case .array(let cases)? = schema["enum"] { #expect(cases.contains(.string(text)), "\(place): \(text)") }
        case "integer", "boolean": #expect(value is NSNumber, "\(place) is no number")
        default: Issue.record("the schema of \(place) has no type")
        }
    }
}
