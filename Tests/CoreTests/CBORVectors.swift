import Core

extension Vectors {
    /// RFC 8949 appendix A: the values that DAG-CBOR allows, in the encoding that DAG-CBOR demands.
    static let cbor: [CBORVector] = [
        CBORVector("00", .unsigned(0)), CBORVector("01", .unsigned(1)), CBORVector("0a", .unsigned(10)),
        CBORVector("17", .unsigned(23)), CBORVector("1818", .unsigned(24)), CBORVector("1819", .unsigned(25)),
        CBORVector("1864", .unsigned(100)), CBORVector("1903e8", .unsigned(1_000)),
        CBORVector("1a000f4240", .unsigned(1_000_000)), CBORVector("1b000000e8d4a51000", .unsigned(1_000_000_000_000)),
        CBORVector("1bffffffffffffffff", .unsigned(.max)), CBORVector("3bffffffffffffffff", .negative(.max)),
        CBORVector("20", .negative(0)), CBORVector("29", .integer(-10)), CBORVector("3863", .integer(-100)),
        CBORVector("3903e7", .integer(-1_000)), CBORVector("fb3ff199999999999a", .double(1.1)),
        CBORVector("fb7e37e43c8800759c", .double(1.0e300)), CBORVector("fbc010666666666666", .double(-4.1)),
        CBORVector("f4", .bool(false)), CBORVector("f5", .bool(true)), CBORVector("f6", .null),
        CBORVector("40", .bytes([])), CBORVector("4401020304", .bytes([1, 2, 3, 4])), CBORVector("60", .text("")),
        CBORVector("6161", .text("a")), CBORVector("6449455446", .text("IETF")), CBORVector("62225c", .text("\"\\")),
        CBORVector("62c3bc", .text("\u{FC}")), CBORVector("63e6b0b4", .text("\u{6C34}")),
        CBORVector("64f0908591", .text("\u{10151}")), CBORVector("80", .array([])),
        CBORVector("83010203", .array([.unsigned(1), .unsigned(2), .unsigned(3)])),
        CBORVector(
            "8301820203820405",
            .array([
                .unsigned(1), .array([.unsigned(2), .unsigned(3)]), .array([.unsigned(4), .unsigned(5)]),
            ])
        ),
        CBORVector(
            "98190102030405060708090a0b0c0d0e0f101112131415161718181819",
            .array((1...25).map { .unsigned($0) })
        ),
        CBORVector("a0", .map([:])),
        CBORVector("a26161016162820203", .map(["a": .unsigned(1), "b": .array([.unsigned(2), .unsigned(3)])])),
        CBORVector("826161a161626163", .array([.text("a"), .map(["b": .text("c")])])),
        CBORVector(
            "a56161614161626142616361436164614461656145",
            .map(["a": .text("A"), "b": .text("B"), "c": .text("C"), "d": .text("D"), "e": .text("E")])
        ),
    ]

    /// RFC 8949 appendix A: the rest. Short floats, not-a-number and infinity, `undefined`, other simple values and
    /// tags, keys that are not text, indefinite lengths.
    static let cborOutsideDAG = [
        "f90000", "f98000", "f93c00", "f93e00", "f97bff", "fa47c35000", "fa7f7fffff", "f90001", "f90400", "f9c400",
        "f97c00", "f97e00", "f9fc00", "fa7f800000", "fa7fc00000", "faff800000", "fb7ff0000000000000",
        "fb7ff8000000000000", "fbfff0000000000000", "f7", "f0", "f8ff", "c249010000000000000000",
        "c349010000000000000000", "c074323031332d30332d32315432303a30343a30305a", "c11a514b67b0",
        "c1fb41d452d9ec200000", "d74401020304", "d818456449455446",
        "d82076687474703a2f2f7777772e6578616d706c652e636f6d", "a201020304", "5f42010243030405ff",
        "7f657374726561646d696e67ff", "9fff", "9f018202039f0405ffff", "9f01820203820405ff", "83018202039f0405ff",
        "83019f0203ff820405", "9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff",
        "bf61610161629f0203ffff", "826161bf61626163ff", "bf6346756ef563416d7421ff",
    ]
}

struct CBORVector: Sendable {
    let bytes: [UInt8]
    let value: CBOR

    init(_ bytes: String, _ value: CBOR) {
        self.bytes = hex(bytes)
        self.value = value
    }
}

extension CBOR {
    /// Any value that DAG-CBOR can hold.
    static func random(depth: Int, using rng: inout SplitMix64) -> CBOR {
        switch Int.random(in: 0..<(depth > 0 ? 10 : 8), using: &rng) {
        case 0: return .unsigned(rng.next() >> UInt64.random(in: 0...63, using: &rng))
        case 1: return .negative(rng.next() >> UInt64.random(in: 0...63, using: &rng))
        case 2: return .bytes(randomBytes(0...300, using: &rng))
        case 3: return .text(randomText(using: &rng))
        case 4: return .bool(Bool.random(using: &rng))
        case 5: return .null
        case 6:
            let value = Double(bitPattern: rng.next())
            return .double(value.isFinite ? value : 0)
        case 7: return .link(CID.random(using: &rng))
        case 8:
            return .array((0..<Int.random(in: 0...6, using: &rng)).map { _ in random(depth: depth - 1, using: &rng) })
        default:
            let count = Int.random(in: 0...6, using: &rng)
            let fields = (0..<count).map { _ in (randomText(using: &rng), random(depth: depth - 1, using: &rng)) }
            return .map(Dictionary(fields) { first, _ in first })
        }
    }

    private static func randomText(using rng: inout SplitMix64) -> String {
        let alphabet = ["a", "b", "z", "0", "\0", "\u{FC}", "e\u{301}", "\u{6C34}", "\u{10151}", "\u{301}", "\u{FEFF}"]
        return (0..<Int.random(in: 0...5, using: &rng)).compactMap { _ in alphabet.randomElement(using: &rng) }.joined()
    }
}
