/// Reads the fields of one record out of a CBOR map and says which field was wrong.
///
/// Unknown fields are left alone: the signed bytes of a record are what is kept and forwarded.
public struct CBORFields {
    private let fields: [String: CBOR]
    private let record: String

    /// - Parameter record: what the map is, for error messages: "node record".
    public init(_ value: CBOR, of record: String) throws(CoreError) {
        guard case .map(let fields) = value else { throw CoreError(.invalid, "\(record) is not a CBOR map") }
        self.fields = fields
        self.record = record
    }

    public init(decoding bytes: some Collection<UInt8>, of record: String) throws(CoreError) {
        try self.init(CBOR(decoding: bytes), of: record)
    }

    public func optional(_ name: String) -> CBOR? { fields[name] }

    public func value(_ name: String) throws(CoreError) -> CBOR {
        guard let value = fields[name] else { throw CoreError(.missingField, "\(record) has no \"\(name)\"") }
        return value
    }

    public func unsigned(_ name: String, max: UInt64 = .max) throws(CoreError) -> UInt64 {
        guard case .unsigned(let value) = try value(name) else { throw wrongType(name, "an unsigned integer") }
        guard value <= max else { throw tooLarge(name, Int(clamping: value), Int(clamping: max)) }
        return value
    }

    public func integer(_ name: String) throws(CoreError) -> Int64 {
        switch try value(name) {
        case .unsigned(let value) where value <= UInt64(Int64.max): return Int64(value)
        case .negative(let value) where value <= UInt64(Int64.max): return ~Int64(value)
        default: throw wrongType(name, "a 64-bit integer")
        }
    }

    public func instant(_ name: String) throws(CoreError) -> Instant {
        Instant(milliseconds: try integer(name))
    }

    public func bool(_ name: String) throws(CoreError) -> Bool {
        guard case .bool(let value) = try value(name) else { throw wrongType(name, "a boolean") }
        return value
    }

    /// - Parameter max: longest text, in UTF-8 bytes.
    public func text(_ name: String, max: Int) throws(CoreError) -> String {
        guard case .text(let value) = try value(name) else { throw wrongType(name, "text") }
        guard value.utf8.count <= max else { throw tooLarge(name, value.utf8.count, max) }
        return value
    }

    public func bytes(_ name: String, max: Int) throws(CoreError) -> [UInt8] {
        guard case .bytes(let value) = try value(name) else { throw wrongType(name, "bytes") }
        guard value.count <= max else { throw tooLarge(name, value.count, max) }
        return value
    }

    public func key<Role>(_ name: String, as _: Role.Type = Role.self) throws(CoreError) -> KeyID<Role> {
        try KeyID(bytes(name, max: KeyID<Role>.byteCount))
    }

    public func link(_ name: String) throws(CoreError) -> CID {
        guard case .link(let value) = try value(name) else { throw wrongType(name, "a link") }
        return value
    }

    public func array(_ name: String, max: Int) throws(CoreError) -> [CBOR] {
        guard case .array(let value) = try value(name) else { throw wrongType(name, "an array") }
        guard value.count <= max else { throw tooLarge(name, value.count, max) }
        return value
    }

    private func wrongType(_ name: String, _ wanted: String) -> CoreError {
        CoreError(.invalid, "\"\(name)\" of \(record) is not \(wanted)")
    }

    private func tooLarge(_ name: String, _ seen: Int, _ max: Int) -> CoreError {
        CoreError(.tooLarge, "\"\(name)\" of \(record) is \(seen), at most \(max)")
    }
}
