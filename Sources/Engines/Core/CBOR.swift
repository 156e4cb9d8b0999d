/// A value of the DAG-CBOR data model: deterministic CBOR with text keys and CID links.
///
/// Source: IPLD DAG-CBOR; RFC 8949 section 4.2 for the deterministic encoding.
public enum CBOR: Hashable, Sendable {
    case unsigned(UInt64)
    /// The integer `-1 - n`.
    case negative(UInt64)
    case bytes([UInt8])
    case text(String)
    case array([CBOR])
    case map([String: CBOR])
    case bool(Bool)
    case null
    case double(Double)
    /// Tag 42.
    case link(CID)

    /// Deepest nesting that is decoded.
    public static let depthMax = 32

    /// An integer of either sign.
    public static func integer(_ value: Int64) -> CBOR {
        value >= 0 ? .unsigned(UInt64(value)) : .negative(UInt64(bitPattern: ~value))
    }

    // MARK: - Encoding

    /// The one deterministic encoding of this value.
    public func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return bytes
    }

    private func append(to bytes: inout [UInt8]) {
        switch self {
        case .unsigned(let value): Self.appendHead(0, value, to: &bytes)
        case .negative(let value): Self.appendHead(1, value, to: &bytes)
        case .bytes(let value):
            Self.appendHead(2, UInt64(value.count), to: &bytes)
            bytes += value
        case .text(let value): Self.appendText(value, to: &bytes)
        case .array(let items):
            Self.appendHead(4, UInt64(items.count), to: &bytes)
            for item in items { item.append(to: &bytes) }
        case .map(let fields):
            Self.appendHead(5, UInt64(fields.count), to: &bytes)
            for key in fields.keys.sorted(by: Self.keyPrecedes) {
                Self.appendText(key, to: &bytes)
                fields[key]?.append(to: &bytes)
            }
        case .link(let cid):
            bytes += [0xD8, 0x2A]
            let content = [0x00] + cid.bytes
            Self.appendHead(2, UInt64(content.count), to: &bytes)
            bytes += content
        case .bool(let value): bytes.append(value ? 0xF5 : 0xF4)
        case .null: bytes.append(0xF6)
        case .double(let value):
            bytes.append(0xFB)
            withUnsafeBytes(of: value.bitPattern.bigEndian) { bytes += $0 }
        }
    }

    private static func appendText(_ text: String, to bytes: inout [UInt8]) {
        appendHead(3, UInt64(text.utf8.count), to: &bytes)
        bytes += text.utf8
    }

    private static func appendHead(_ major: UInt8, _ value: UInt64, to bytes: inout [UInt8]) {
        let major = major << 5
        switch value {
        case 0..<24: bytes.append(major | UInt8(value))
        case 24...0xFF: bytes += [major | 24, UInt8(value)]
        case 0x100...0xFFFF:
            bytes.append(major | 25)
            withUnsafeBytes(of: UInt16(value).bigEndian) { bytes += $0 }
        case 0x1_0000...0xFFFF_FFFF:
            bytes.append(major | 26)
            withUnsafeBytes(of: UInt32(value).bigEndian) { bytes += $0 }
        default:
            bytes.append(major | 27)
            withUnsafeBytes(of: value.bigEndian) { bytes += $0 }
        }
    }

    /// Map key order: shorter first, then byte order (DAG-CBOR).
    static func keyPrecedes(_ lhs: String, _ rhs: String) -> Bool {
        let (left, right) = (lhs.utf8, rhs.utf8)
        return left.count != right.count ? left.count < right.count : left.lexicographicallyPrecedes(right)
    }
}
