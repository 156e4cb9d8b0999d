import Core

/// Small changes of bytes that a decoder takes, most of which it should refuse and none of which may end the process.
///
/// CBOR is changed as a tree half of the time, so that what decodes the values is reached and not only what decodes the
/// bytes; else bits and bytes are changed where they lie. Equal generators give equal changes.
public enum Mutation {
    /// Longest mutant, in bytes.
    public static let bytesMax = 1 << 20
    private static let changesMax = 3

    public static func mutate(_ bytes: [UInt8], using rng: inout some RandomNumberGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...changesMax, using: &rng) {
            if Bool.random(using: &rng), let tree = try? CBOR(decoding: bytes) {
                bytes = changed(tree, using: &rng).encoded()
            } else {
                change(&bytes, using: &rng)
            }
        }
        return Array(bytes.prefix(bytesMax))
    }

    // MARK: - Bytes

    private static let interestingBytes: [UInt8] = [0, 1, 0x7F, 0x80, 0xFF, 0x18, 0x1B, 0x5B, 0x9B, 0xBB, 0xD8, 0x0A]

    private static func change(_ bytes: inout [UInt8], using rng: inout some RandomNumberGenerator) {
        let position = Int.random(in: 0...bytes.count, using: &rng)
        let length = Int.random(in: 0...min(16, bytes.count - position), using: &rng)
        let value = interestingBytes.randomElement(using: &rng) ?? 0
        switch Int.random(in: 0..<7, using: &rng) {
        case 0: bytes.removeSubrange(position..<position + length)
        case 1: bytes.insert(contentsOf: bytes[position..<position + length], at: position)
        case 2: bytes.insert(contentsOf: Array(repeating: value, count: 1 + length), at: position)
        case 3: bytes.removeSubrange(position...)
        case 4: for index in position..<position + length { bytes[index] = 0xFF }
        case 5 where position < bytes.count: bytes[position] = value
        default: if position < bytes.count { bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &rng) }
        }
    }

    // MARK: - Trees

    private static let interestingValues: [CBOR] = [
        .unsigned(0), .unsigned(1), .unsigned(255), .unsigned(256), .unsigned(UInt64(Int32.max) + 1),
        .unsigned(UInt64(Int64.max)), .unsigned(UInt64(Int64.max) + 1), .unsigned(.max), .negative(0),
        .negative(UInt64(Int64.max)), .negative(.max), .bytes([]), .bytes([0]), .bytes(Array(repeating: 0, count: 32)),
        .bytes(Array(repeating: 0xFF, count: 33)), .text(""), .text("\u{0}"), .text("../.."), .text("e\u{301}"),
        .text(String(repeating: "x", count: 5_000)), .array([]), .array(Array(repeating: .null, count: 300)), .map([:]),
        .bool(true), .null, .double(-0.5), .link(CID(hashing: [1], codec: .raw)), deep,
    ]

    private static var deep: CBOR { (0..<CBOR.depthMax).reduce(.null) { inner, _ in .array([inner]) } }

    /// The tree with one place of it changed.
    private static func changed(_ tree: CBOR, using rng: inout some RandomNumberGenerator) -> CBOR {
        guard Int.random(in: 0..<4, using: &rng) > 0 else { return replaced(tree, using: &rng) }
        switch tree {
        case .array(var items):
            guard let index = items.indices.randomElement(using: &rng) else { return replaced(tree, using: &rng) }
            switch Int.random(in: 0..<8, using: &rng) {
            case 0: items.remove(at: index)
            case 1: items.insert(items[index], at: index)
            case 2: items.shuffle(using: &rng)
            default: items[index] = changed(items[index], using: &rng)
            }
            return .array(items)
        case .map(var fields):
            guard let key = fields.keys.sorted().randomElement(using: &rng), let value = fields[key] else {
                return replaced(tree, using: &rng)
            }
            switch Int.random(in: 0..<8, using: &rng) {
            case 0: fields[key] = nil
            case 1: fields["unknown-\(Int.random(in: 0..<9, using: &rng))"] = value
            default: fields[key] = changed(value, using: &rng)
            }
            return .map(fields)
        case .bytes(let bytes):
            // Often something encoded: an envelope, a certificate.
            return .bytes(Bool.random(using: &rng) ? mutate(bytes, using: &rng) : [])
        default: return replaced(tree, using: &rng)
        }
    }

    private static func replaced(_ value: CBOR, using rng: inout some RandomNumberGenerator) -> CBOR {
        if case .unsigned(let number) = value, Bool.random(using: &rng) {
            return .unsigned(Bool.random(using: &rng) ? number &+ 1 : number &- 1)
        }
        return interestingValues.randomElement(using: &rng) ?? .null
    }
}
