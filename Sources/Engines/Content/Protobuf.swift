import Core

/// Reads protobuf fields, strictly: shortest varints, lengths within the input, no groups.
///
/// Source: protobuf wire format; only varint (0), 64-bit (1), length-delimited (2) and 32-bit (5) fields.
struct ProtobufReader {
    /// Longest varint, in bytes: 64 bits.
    static let varintBytesMax = 10

    enum Value {
        case varint(UInt64)
        case fixed64(UInt64)
        case bytes(ArraySlice<UInt8>)
        case fixed32(UInt32)
    }

    private var rest: ArraySlice<UInt8>
    private let message: StaticString

    /// - Parameter message: what is read, for error messages.
    init(_ bytes: ArraySlice<UInt8>, message: StaticString) {
        rest = bytes
        self.message = message
    }

    var isAtEnd: Bool { rest.isEmpty }

    /// The next field, or nil at the end.
    mutating func next() throws(ContentError) -> (number: UInt64, value: Value)? {
        guard !rest.isEmpty else { return nil }
        let tag = try varint()
        let number = tag >> 3
        guard number > 0, number < 1 << 29 else { throw malformed("has field number \(number)") }
        switch tag & 7 {
        case 0: return (number, .varint(try varint()))
        case 1: return (number, .fixed64(try littleEndian(8)))
        case 2: return (number, .bytes(try lengthDelimited()))
        case 5: return (number, .fixed32(UInt32(truncatingIfNeeded: try littleEndian(4))))
        default: throw malformed("has the unknown wire type \(tag & 7) in field \(number)")
        }
    }

    mutating func varint() throws(ContentError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        var index = rest.startIndex
        while index < rest.endIndex {
            let byte = rest[index]
            guard shift < 63 || byte <= 1 else { throw malformed("has a varint of more than 64 bits") }
            value |= UInt64(byte & 0x7F) << shift
            index += 1
            if byte & 0x80 == 0 {
                guard byte != 0 || shift == 0 else { throw malformed("has a varint that is not minimal") }
                rest = rest[index...]
                return value
            }
            shift += 7
        }
        throw malformed("ends inside a varint")
    }

    private mutating func lengthDelimited() throws(ContentError) -> ArraySlice<UInt8> {
        let count = try varint()
        guard count <= UInt64(rest.count) else {
            throw malformed("announces a field of \(count) bytes and has \(rest.count)")
        }
        defer { rest = rest.dropFirst(Int(count)) }
        return rest.prefix(Int(count))
    }

    private mutating func littleEndian(_ width: Int) throws(ContentError) -> UInt64 {
        guard rest.count >= width else { throw malformed("ends inside a fixed-width field") }
        defer { rest = rest.dropFirst(width) }
        return rest.prefix(width).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    func malformed(_ what: String) -> ContentError { ContentError(.malformed, "\(message) \(what)") }

    func wrongType(_ number: UInt64) -> ContentError { malformed("has a wrong wire type in field \(number)") }
}

/// Writes protobuf fields in the order of the calls.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    mutating func varint(_ field: UInt8, _ value: UInt64) {
        append(UInt64(field) << 3)
        append(value)
    }

    init() {}

    /// - Parameter byteCount: How many bytes are going to be written.
    init(byteCount: Int) {
        bytes.reserveCapacity(byteCount)
    }

    mutating func bytes(_ field: UInt8, _ content: some Collection<UInt8>) {
        beginBytes(field, count: content.count)
        bytes += content
    }

    /// What is written next, `count` bytes, is the content of a length-delimited field.
    mutating func beginBytes(_ field: UInt8, count: Int) {
        append(UInt64(field) << 3 | 2)
        append(UInt64(count))
    }

    mutating func fixed32(_ field: UInt8, _ value: UInt32) {
        append(UInt64(field) << 3 | 5)
        withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }

    /// Bytes of a length-delimited field below 16.
    static func byteCount(ofBytes count: Int) -> Int { byteCount(ofVarint: UInt64(count)) + count }

    /// Bytes of a varint field below 16.
    static func byteCount(ofVarint value: UInt64) -> Int { 1 + Varint.byteCount(of: value) }

    private mutating func append(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
