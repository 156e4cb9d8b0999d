extension CBOR {
    /// Decodes exactly one value.
    ///
    /// Strict: shortest lengths, sorted unique text keys, tag 42 only, no indefinite lengths, no floats but 64-bit finite
    /// ones, nothing after the value, nesting at most ``depthMax``. Memory is bounded by the input's size.
    ///
    /// - Throws: ``CoreError`` `.truncated`, `.notCanonical`, `.invalid` or `.tooLarge`.
    public init(decoding bytes: some Collection<UInt8>) throws(CoreError) {
        var decoder = CBORDecoder(rest: ArraySlice(bytes))
        self = try decoder.value(depth: 0)
        guard decoder.rest.isEmpty else {
            throw CoreError(.invalid, "\(decoder.rest.count) bytes follow the CBOR value")
        }
    }

    /// Reads one value from the front of `bytes` and drops what it read.
    public static func read(from bytes: inout ArraySlice<UInt8>) throws(CoreError) -> CBOR {
        var decoder = CBORDecoder(rest: bytes)
        let value = try decoder.value(depth: 0)
        bytes = decoder.rest
        return value
    }
}

private struct CBORDecoder {
    var rest: ArraySlice<UInt8>

    mutating func value(depth: Int) throws(CoreError) -> CBOR {
        guard depth <= CBOR.depthMax else {
            throw CoreError(.tooLarge, "CBOR is nested deeper than \(CBOR.depthMax)")
        }
        let first = try byte()
        switch first >> 5 {
        case 0: return .unsigned(try argument(first))
        case 1: return .negative(try argument(first))
        case 2: return .bytes(Array(try slice(try argument(first))))
        case 3: return .text(try text(first))
        case 4: return try array(first, depth: depth)
        case 5: return try map(first, depth: depth)
        case 6: return try link(first)
        default: return try simple(first)
        }
    }

    private mutating func byte() throws(CoreError) -> UInt8 {
        guard let byte = rest.popFirst() else { throw CoreError(.truncated, "CBOR ends inside a value") }
        return byte
    }

    private mutating func slice(_ count: UInt64) throws(CoreError) -> ArraySlice<UInt8> {
        guard count <= UInt64(rest.count) else {
            throw CoreError(.truncated, "CBOR announces \(count) bytes and has \(rest.count)")
        }
        defer { rest = rest.dropFirst(Int(count)) }
        return rest.prefix(Int(count))
    }

    private mutating func argument(_ first: UInt8) throws(CoreError) -> UInt64 {
        let info = first & 0x1F
        if info < 24 { return UInt64(info) }
        guard info <= 27 else { throw CoreError(.notCanonical, "indefinite or reserved CBOR length") }
        let width = 1 << (Int(info) - 24)
        let value = try slice(UInt64(width)).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let least: UInt64 = width == 1 ? 24 : 1 << (UInt64(width) * 4)
        guard value >= least else {
            throw CoreError(.notCanonical, "CBOR integer \(value) is not in its shortest form")
        }
        return value
    }

    private mutating func text(_ first: UInt8) throws(CoreError) -> String {
        guard let text = String(validating: try slice(try argument(first)), as: UTF8.self) else {
            throw CoreError(.invalid, "CBOR text is not UTF-8")
        }
        return text
    }

    private mutating func array(_ first: UInt8, depth: Int) throws(CoreError) -> CBOR {
        let count = try argument(first)
        guard count <= UInt64(rest.count) else {
            throw CoreError(.truncated, "CBOR announces \(count) items in \(rest.count) bytes")
        }
        var items: [CBOR] = []
        for _ in 0..<count { items.append(try value(depth: depth + 1)) }
        return .array(items)
    }

    private mutating func map(_ first: UInt8, depth: Int) throws(CoreError) -> CBOR {
        let count = try argument(first)
        guard count <= UInt64(rest.count) / 2 else {
            throw CoreError(.truncated, "CBOR announces \(count) fields in \(rest.count) bytes")
        }
        var fields: [String: CBOR] = [:]
        var previous: String?
        for _ in 0..<count {
            let head = try byte()
            guard head >> 5 == 3 else { throw CoreError(.invalid, "a CBOR map key is not text") }
            let key = try text(head)
            if let previous, !CBOR.keyPrecedes(previous, key) {
                throw CoreError(.notCanonical, "CBOR map keys are not sorted and unique at \"\(key.prefix(40))\"")
            }
            previous = key
            fields[key] = try value(depth: depth + 1)
        }
        guard fields.count == Int(count) else {  // equal by Unicode equivalence, unequal by bytes
            throw CoreError(.notCanonical, "two CBOR map keys are the same text in different bytes")
        }
        return .map(fields)
    }

    private mutating func link(_ first: UInt8) throws(CoreError) -> CBOR {
        guard try argument(first) == 42 else { throw CoreError(.invalid, "only CBOR tag 42 (a CID) is allowed") }
        let head = try byte()
        guard head >> 5 == 2 else { throw CoreError(.invalid, "CBOR tag 42 holds no byte string") }
        let content = try slice(try argument(head))
        guard content.first == 0x00 else { throw CoreError(.invalid, "a CBOR link does not start with 0x00") }
        return .link(try CID(bytes: content.dropFirst()))
    }

    private mutating func simple(_ first: UInt8) throws(CoreError) -> CBOR {
        switch first {
        case 0xF4: return .bool(false)
        case 0xF5: return .bool(true)
        case 0xF6: return .null
        case 0xFB:
            let bits = try slice(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            let value = Double(bitPattern: bits)
            guard value.isFinite else { throw CoreError(.invalid, "NaN and infinity have no place in DAG-CBOR") }
            return .double(value)
        default:
            throw CoreError(.invalid, "CBOR simple value 0x\(String(first, radix: 16)) is not allowed")
        }
    }
}
