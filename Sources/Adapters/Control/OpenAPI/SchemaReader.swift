/// Learns the JSON schema of a type from how it decodes itself, so that the document cannot drift from the code.
///
/// The type decodes itself from nothing; each field that it asks for is noted with its type. A field asked for with
/// `decodeIfPresent` is optional. Source: JSON Schema 2020-12, as OpenAPI 3.1 uses it.
enum SchemaReader {
    /// Fields in fields.
    static let depthMax = 16

    /// The schema of `type`.
    static func schema<Value: Decodable>(of type: Value.Type) -> JSONValue {
        (try? read(type, depth: 0))?.schema ?? ["type": "object"]
    }

    /// A value of `type` made of nothing, and its schema.
    fileprivate static func read<Value: Decodable>(
        _ type: Value.Type,
        depth: Int
    ) throws -> (value: Value, schema: JSONValue) {
        if let plain = plain(type) { return plain }
        if let cases = (type as? any CaseIterable.Type).flatMap(texts(of:)), let first = cases.first,
            let value = (type as? any RawRepresentable<String>.Type).flatMap({ make($0, first) }) as? Value
        {
            return (value, ["type": "string", "enum": .array(cases.map(JSONValue.string))])
        }
        guard depth < depthMax else { throw NoSchema() }
        let notes = Notes(depth: depth)
        let value = try Value(from: FieldDecoder(notes: notes))
        return (value, notes.schema)
    }

    private static func plain<Value>(_ type: Value.Type) -> (value: Value, schema: JSONValue)? {
        switch type {
        case is String.Type: ("" as? Value).map { ($0, ["type": "string"]) }
        case is Bool.Type: (false as? Value).map { ($0, ["type": "boolean"]) }
        case is Int.Type: (0 as? Value).map { ($0, ["type": "integer"]) }
        case is Int32.Type: (Int32(0) as? Value).map { ($0, ["type": "integer", "format": "int32"]) }
        case is Int64.Type: (Int64(0) as? Value).map { ($0, ["type": "integer", "format": "int64"]) }
        case is UInt64.Type: (UInt64(0) as? Value).map { ($0, ["type": "integer", "minimum": .integer(0)]) }
        case is [String: Int].Type:
            ([String: Int]() as? Value).map {
                ($0, ["type": "object", "additionalProperties": ["type": "integer"]])
            }
        default: nil
        }
    }

    private static func texts(of type: any CaseIterable.Type) -> [String]? {
        func all<Cases: CaseIterable>(_ type: Cases.Type) -> [String]? {
            type.allCases.reduce(into: [String]?([])) { texts, item in
                guard let text = (item as? any RawRepresentable<String>)?.rawValue else { return texts = nil }
                texts?.append(text)
            }
        }
        return all(type)
    }

    private static func make(_ type: any RawRepresentable<String>.Type, _ text: String) -> Any? {
        func one<Value: RawRepresentable<String>>(_ type: Value.Type) -> Any? { type.init(rawValue: text) }
        return one(type)
    }

    struct NoSchema: Error {}

    /// What a type asked for so far.
    fileprivate final class Notes {
        let depth: Int
        private var properties: [String: JSONValue] = [:]
        private var required: [String] = []
        private var element: JSONValue?
        private var single: JSONValue?

        init(depth: Int) {
            self.depth = depth
        }

        func note<Value: Decodable>(_ name: String, _ type: Value.Type, isOptional: Bool = false) throws -> Value {
            let (value, schema) = try SchemaReader.read(type, depth: depth + 1)
            properties[name] = schema
            if !isOptional { required.append(name) }
            return value
        }

        func noteElement<Value: Decodable>(_ type: Value.Type) throws -> Value {
            let (value, schema) = try SchemaReader.read(type, depth: depth + 1)
            element = schema
            return value
        }

        func noteSingle<Value: Decodable>(_ type: Value.Type) throws -> Value {
            let (value, schema) = try SchemaReader.read(type, depth: depth + 1)
            single = schema
            return value
        }

        var schema: JSONValue {
            if let single { return single }
            if let element { return ["type": "array", "items": element] }
            var schema: [String: JSONValue] = ["type": "object", "properties": .object(properties)]
            if !required.isEmpty { schema["required"] = .array(required.sorted().map(JSONValue.string)) }
            return .object(schema)
        }
    }
}

/// Answers every question of a type with a value made of nothing.
private struct FieldDecoder: Decoder {
    let notes: SchemaReader.Notes
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(Fields<Key>(notes: notes))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { Elements(notes: notes) }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { Single(notes: notes) }
}

private struct Fields<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let notes: SchemaReader.Notes
    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { [] }

    func contains(_ key: Key) -> Bool { true }
    func decodeNil(forKey key: Key) throws -> Bool { false }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        try notes.note(key.stringValue, type)
    }

    func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
        try notes.note(key.stringValue, type, isOptional: true)
    }

    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? {
        try notes.note(key.stringValue, type, isOptional: true)
    }

    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? {
        try notes.note(key.stringValue, type, isOptional: true)
    }

    func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? {
        try notes.note(key.stringValue, type, isOptional: true)
    }

    func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? {
        try notes.note(key.stringValue, type, isOptional: true)
    }

    func decodeIfPresent(_ type: UInt64.Type, forKey key: Key) throws -> UInt64? {
        try notes.note(key.stringValue, type, isOptional: true)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type,
        forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> { throw SchemaReader.NoSchema() }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        throw SchemaReader.NoSchema()
    }
    func superDecoder() throws -> any Decoder { throw SchemaReader.NoSchema() }
    func superDecoder(forKey key: Key) throws -> any Decoder { throw SchemaReader.NoSchema() }
}

/// A list with one element.
private struct Elements: UnkeyedDecodingContainer {
    let notes: SchemaReader.Notes
    var codingPath: [any CodingKey] { [] }
    var count: Int? { 1 }
    var currentIndex = 0
    var isAtEnd: Bool { currentIndex > 0 }

    init(notes: SchemaReader.Notes) {
        self.notes = notes
    }

    mutating func decodeNil() throws -> Bool { false }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        currentIndex += 1
        return try notes.noteElement(type)
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> { throw SchemaReader.NoSchema() }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { throw SchemaReader.NoSchema() }
    mutating func superDecoder() throws -> any Decoder { throw SchemaReader.NoSchema() }
}

private struct Single: SingleValueDecodingContainer {
    let notes: SchemaReader.Notes
    var codingPath: [any CodingKey] { [] }

    func decodeNil() -> Bool { false }
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try notes.noteSingle(type) }
}
