import FoundationEssentials

/// Bodies of the control API, which both ends share.
package enum ControlAPI {
    /// Largest request body, in bytes.
    package static let requestBytesMax = 65_536
    /// Largest request body of `put`, in bytes: a shell's pattern may name many paths.
    package static let putBytesMax = 1 << 20
    /// Largest answer and largest line of a streamed answer, in bytes.
    package static let answerBytesMax = 16 << 20

    static let malformed = ControlError(.usage, "the request is not what this version of the node understands")

    package static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(value))
    }

    /// As ``encode(_:)``, for people.
    package static func encodePretty(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        return [UInt8](try encoder.encode(value)) + [UInt8(ascii: "\n")]
    }

    package static func decode<Value: Decodable>(_ type: Value.Type, from bytes: some Sequence<UInt8>) throws -> Value {
        try JSONDecoder().decode(type, from: Data(bytes))
    }
}

struct InviteRequest: Codable, Sendable {
    var expiresSeconds: Int64?
    var once: Bool
}

struct InviteAnswer: Codable, Sendable {
    var invite: String
}

struct UnpublishRequest: Codable, Sendable {
    var name: String
}

struct ImportRequest: Codable, Sendable {
    var path: String
}

struct ImportAnswer: Codable, Sendable {
    var roots: [String]
}

struct ExportRequest: Codable, Sendable {
    var cid: String
    var path: String
}

struct ExportAnswer: Codable, Sendable {
    var bytes: Int
}

struct Done: Codable, Sendable {}

/// A line of a streamed answer (NDJSON): any number of `progress`, then one `result` or one `error`.
struct StreamLine<Result: Codable & Sendable>: Codable, Sendable {
    var progress: OperationProgress?
    var result: Result?
    var error: ControlError?
}
