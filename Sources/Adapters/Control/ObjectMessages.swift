/// Bodies of the routes of private objects, which both ends share.
struct RemoveRequest: Codable, Sendable {
    var name: String
    var recursive: Bool
}

struct RecoverRequest: Codable, Sendable {
    var phrase: String
    var deviceName: String
}

struct AddDeviceRequest: Codable, Sendable {
    var name: String
}

struct AcceptDeviceRequest: Codable, Sendable {
    var text: String
}

struct RevokeDeviceRequest: Codable, Sendable {
    var device: String
}

struct FsckRequest: Codable, Sendable {
    var repair: Bool?
}

/// A part of a list that is too long for one answer; an empty part ends it.
struct ObjectEntries: Codable, Sendable {
    /// Entries on one line.
    static let entriesMax = 1_000

    var entries: [ObjectEntry]
}

/// Text in the query of a URL.
enum QueryText {
    /// RFC 3986: everything but the unreserved characters, byte by byte.
    static func encode(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                bytes.append(byte)
            default:
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// - Parameter fields: a field without a value is left out.
    static func path(_ path: String, _ fields: [(name: String, value: String?)]) -> String {
        let present = fields.compactMap { field in field.value.map { "\(field.name)=\(encode($0))" } }
        return present.isEmpty ? path : path + "?" + present.joined(separator: "&")
    }
}
