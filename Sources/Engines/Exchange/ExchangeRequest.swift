import Core

/// What one node asks another for, beside gossip.
///
/// Each is the CBOR body of a POST to ``path``. Answers: `blocks` and `entity` a CAR v1 stream, `have` an
/// ``Availability``, `hold` the holder's signed holding record, `admit` the countersigned admission record.
public enum ExchangeRequest: Hashable, Sendable {
    /// These blocks, in this order; what the other node lacks is left out of the answer.
    case blocks([CID])
    /// Which of these blocks do you have?
    case have([CID])
    /// The blocks on `path` below `root` and those of the entity there, limited to a byte range of a file.
    case entity(root: CID, path: [String], bytes: ClosedRange<UInt64>?)
    /// Please copy what this publication record lists and state that you hold it.
    case hold(publication: [UInt8])
    /// Please countersign this admission, made with a once-only invitation of yours.
    case admit(admission: [UInt8])

    /// Most blocks in one request.
    public static let cidsMax = 1_024
    /// Most segments of a path.
    public static let pathSegmentsMax = 256
    /// Longest segment of a path, in bytes.
    public static let pathSegmentBytesMax = 255
    /// Largest record in a request, in bytes.
    public static let recordBytesMax = 32 * 1_024

    /// Where the request is posted.
    public var path: String {
        switch self {
        case .blocks: "/blocks"
        case .have: "/have"
        case .entity: "/entity"
        case .hold: "/hold"
        case .admit: "/admit"
        }
    }

    public var encoded: [UInt8] {
        switch self {
        case .blocks(let cids), .have(let cids):
            return CBOR.map(["cids": .array(cids.map(CBOR.link))]).encoded()
        case .entity(let root, let path, let bytes):
            var fields: [String: CBOR] = ["root": .link(root), "path": .array(path.map(CBOR.text))]
            if let bytes {
                fields["from"] = .unsigned(bytes.lowerBound)
                fields["to"] = .unsigned(bytes.upperBound)
            }
            return CBOR.map(fields).encoded()
        case .hold(let record), .admit(let record):
            return CBOR.map(["record": .bytes(record)]).encoded()
        }
    }

    /// Decodes the body that was posted to `path`.
    ///
    /// - Returns: `nil` when no request has this path.
    /// - Throws: ``ExchangeError`` `.malformed` or `.tooLarge`.
    public static func decode(path: String, body: [UInt8]) throws(ExchangeError) -> ExchangeRequest? {
        do {
            switch path {
            case "/blocks": return .blocks(try cids(in: body))
            case "/have": return .have(try cids(in: body))
            case "/entity": return try entity(in: body)
            case "/hold": return .hold(publication: try record(in: body))
            case "/admit": return .admit(admission: try record(in: body))
            default: return nil
            }
        } catch {
            let code: ExchangeError.Code = error.code == .tooLarge ? .tooLarge : .malformed
            throw ExchangeError(code, "a request to \(path) could not be read", cause: error)
        }
    }

    private static func cids(in body: [UInt8]) throws(CoreError) -> [CID] {
        let fields = try CBORFields(decoding: body, of: "want list")
        var cids: [CID] = []
        for item in try fields.array("cids", max: cidsMax) {
            guard case .link(let cid) = item else { throw CoreError(.invalid, "a want list holds more than CIDs") }
            cids.append(cid)
        }
        return cids
    }

    private static func entity(in body: [UInt8]) throws(CoreError) -> ExchangeRequest {
        let fields = try CBORFields(decoding: body, of: "entity request")
        var path: [String] = []
        for item in try fields.array("path", max: pathSegmentsMax) {
            guard case .text(let segment) = item, segment.utf8.count <= pathSegmentBytesMax else {
                throw CoreError(.invalid, "a path segment is not text of at most \(pathSegmentBytesMax) bytes")
            }
            path.append(segment)
        }
        var bytes: ClosedRange<UInt64>?
        if fields.optional("from") != nil {
            let from = try fields.unsigned("from")
            let to = try fields.unsigned("to")
            guard from <= to else { throw CoreError(.invalid, "the byte range \(from)…\(to) ends before it starts") }
            bytes = from...to
        }
        return .entity(root: try fields.link("root"), path: path, bytes: bytes)
    }

    private static func record(in body: [UInt8]) throws(CoreError) -> [UInt8] {
        try CBORFields(decoding: body, of: "record request").bytes("record", max: recordBytesMax)
    }
}
