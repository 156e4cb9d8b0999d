import Settings

/// The OpenAPI 3.1 document of the control API, made of the route table and the types that travel.
package enum APIDocument {
    /// The document as it is served at `/v1/openapi.json` and as it lies in `docs/openapi.json`.
    package static func json() throws -> [UInt8] { try ControlAPI.encodePretty(value) }

    package static let value: JSONValue = [
        "openapi": "3.1.0",
        "info": [
            "title": "Holdfast control API", "version": .string(Release.version),
            "description": """
            HTTP on loopback; the token is in the file control.token of the data folder. Long operations answer with \
            NDJSON: lines with `progress`, then one line with `result` or `error`.
            """,
        ],
        "servers": [["url": "http://127.0.0.1:4101"]],
        "security": [["token": []]],
        "components": [
            "securitySchemes": ["token": ["type": "http", "scheme": "bearer"]], "schemas": .object(schemas),
            "responses": [
                "failure": [
                    "description": "Refused or failed; the error has an exit code and a sentence.",
                    "content": ["application/json": ["schema": SchemaReader.schema(of: StreamLine<Done>.self)]],
                ]
            ],
        ],
        "paths": paths,
    ]

    /// `METHOD /path` of every operation.
    package static var routes: Set<String> {
        Set(APIOperation.all.map { "\($0.method.rawValue.uppercased()) \($0.path)" })
    }

    private static var paths: JSONValue {
        var paths: [String: [String: JSONValue]] = [:]
        for operation in APIOperation.all {
            paths[operation.path, default: [:]][operation.method.rawValue] = describe(operation)
        }
        return .object(paths.mapValues(JSONValue.object))
    }

    private static func describe(_ operation: APIOperation) -> JSONValue {
        var fields: [String: JSONValue] = [
            "summary": .string(operation.summary),
            "responses": [
                "200": ["description": "Done.", "content": content(operation.answer)],
                "default": reference("responses/failure"),
            ],
        ]
        if !operation.query.isEmpty { fields["parameters"] = .array(operation.query.map(describe)) }
        switch operation.body {
        case .none: break
        case .json(let type):
            fields["requestBody"] = [
                "required": .bool(true), "content": ["application/json": ["schema": schema(of: type)]],
            ]
        case .bytes:
            fields["requestBody"] = ["required": .bool(true), "content": ["application/octet-stream": [:]]]
        }
        return .object(fields)
    }

    private static func describe(_ query: APIOperation.Query) -> JSONValue {
        [
            "name": .string(query.name), "in": "query", "required": .bool(query.isRequired),
            "description": .string(query.text), "schema": ["type": query.isInteger ? "integer" : "string"],
        ]
    }

    private static func content(_ answer: APIOperation.Answer) -> JSONValue {
        switch answer {
        case .json(let type): ["application/json": ["schema": schema(of: type)]]
        case .lines(let type): ["application/x-ndjson": ["schema": line(of: type)]]
        case .frames: ["application/octet-stream": ["schema": ["type": "string", "description": .string(frames)]]]
        case .document: ["application/json": ["schema": ["type": "object"]]]
        }
    }

    private static let frames = """
        Frames: four bytes with a length (big-endian), then so many bytes of the object. Length 0 ends the object; length \
        0xFFFFFFFF announces an error as JSON. The header Holdfast-Bytes says the object's length.
        """

    private static func reference(_ name: String) -> JSONValue {
        .object(["$ref": .string("#/components/\(name)")])
    }

    /// The types that travel, by name.
    private static var schemas: [String: JSONValue] {
        var types: [any (Decodable & Sendable).Type] = [OperationProgress.self, ControlError.self]
        for operation in APIOperation.all {
            if case .json(let type) = operation.body { types.append(type) }
            switch operation.answer {
            case .json(let type), .lines(let type): types.append(type)
            case .frames, .document: break
            }
        }
        let named = types.map { (String(describing: $0), inline($0)) }
        return Dictionary(named.filter { !$0.0.hasPrefix("Array") }, uniquingKeysWith: { $1 })
    }

    private static func inline(_ type: any (Decodable & Sendable).Type) -> JSONValue {
        func open<Value: Decodable & Sendable>(_ type: Value.Type) -> JSONValue { SchemaReader.schema(of: type) }
        return open(type)
    }

    private static func schema(of type: any (Decodable & Sendable).Type) -> JSONValue {
        let name = String(describing: type)
        return name.hasPrefix("Array") ? inline(type) : reference("schemas/\(name)")
    }

    private static func line(of type: any (Decodable & Sendable).Type) -> JSONValue {
        [
            "type": "object",
            "properties": [
                "progress": schema(of: OperationProgress.self), "result": schema(of: type),
                "error": schema(of: ControlError.self),
            ],
        ]
    }
}
