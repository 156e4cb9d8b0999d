import Content
import Core
import Testing

@Suite struct IPNSRecordTests {
    private let key: SigningKey<PublisherRole>
    private let end = Instant(milliseconds: 1_900_000_000_123)
    private let value: String

    init() throws {
        key = try SigningKey(seed: [UInt8](repeating: 7, count: 32))
        value = "/ipfs/\(rawCID(1))"
    }

    private func record(sequence: UInt64 = 3, validity: Instant? = nil, value: String? = nil) -> IPNSRecord {
        IPNSRecord(
            value: value ?? self.value,
            sequence: sequence,
            validity: validity ?? end,
            ttl: .seconds(300),
            key: key
        )
    }

    private func decode(_ bytes: [UInt8]) throws -> IPNSRecord { try IPNSRecord(decoding: bytes, name: key.id) }

    /// One protobuf field of fewer than 128 bytes.
    private func field(_ number: UInt8, _ content: some Collection<UInt8>) -> [UInt8] {
        [number << 3 | 2, UInt8(content.count)] + content
    }

    private func varint(_ number: UInt8, _ value: UInt64) -> [UInt8] {
        var bytes = [number << 3]
        Varint.append(value, to: &bytes)
        return bytes
    }

    /// The fields of V1 that say what ``record(sequence:validity:value:)`` does, by their number.
    private func legacyFields(value: String? = nil) -> [[UInt8]] {
        [
            field(1, (value ?? self.value).utf8), field(2, [UInt8](repeating: 1, count: 64)), varint(3, 0),
            field(4, record().validity.description.utf8), varint(5, 3), varint(6, 300_000_000_000),
        ]
    }

    @Test func record_encodedAndDecoded_isTheSame() throws {
        let record = record()
        let decoded = try decode(record.bytes)
        #expect(decoded == record && decoded.bytes == record.bytes && decoded.name == key.id)
        #expect(decoded.value == value && decoded.root == rawCID(1))
        #expect(decoded.sequence == 3 && decoded.ttl == .seconds(300) && decoded.validity.instant == end)
        #expect(decoded.validity.description == "2030-03-17T17:46:40.123000000Z")
    }

    @Test func record_written_hasOnlyV2FieldsAndShortKeysFirst() {
        let bytes = record().bytes
        #expect(bytes.starts(with: [8 << 3 | 2, 64]) && bytes[66] == 9 << 3 | 2)
        let text = String(decoding: bytes[66...], as: UTF8.self)
        let keys = ["cTTL", "eValue", "hSequence", "hValidity", "lValidityType"]
        let positions = keys.compactMap { text.firstRange(of: $0)?.lowerBound }
        #expect(positions.count == 5 && positions == positions.sorted())
    }

    @Test func extremeNumbers_encodedAndDecoded_areTheSame() throws {
        let day = Duration.seconds(86_400)
        for (ttl, kept) in [
            (day * -1, .zero), (day * 1_000_000_000, Duration.nanoseconds(1) * UInt64.max),
            (.nanoseconds(1), .nanoseconds(1)),
        ] as [(Duration, Duration)] {
            let record = IPNSRecord(value: "", sequence: .max, validity: .distantPast, ttl: ttl, key: key)
            #expect(record.ttl == kept && record.sequence == .max && record.root == nil)
            #expect(try decode(record.bytes) == record)
        }
    }

    @Test func damagedRecord_decoded_isRefused() {
        for bytes in damaged(record().bytes) { #expect(code { _ = try decode(bytes) } != nil) }
    }

    @Test func otherName_decoded_isRefused() throws {
        let other = try SigningKey<PublisherRole>(seed: [UInt8](repeating: 8, count: 32))
        #expect(code { _ = try IPNSRecord(decoding: record().bytes, name: other.id) } == .badSignature)
    }

    @Test func tooLargeOrPartialRecord_decoded_isRefused() {
        let bytes = record().bytes
        #expect(code { _ = try decode(bytes + [UInt8](repeating: 0, count: IPNSRecord.bytesMax)) } == .tooLarge)
        #expect(code { _ = try decode([]) } == .unsupported)
        #expect(code { _ = try decode(Array(bytes[..<66])) } == .unsupported)
        #expect(code { _ = try decode(Array(bytes[66...])) } == .unsupported)
        #expect(code { _ = try decode(legacyFields().flatMap(\.self)) } == .unsupported)
        #expect(code { _ = try decode(bytes + bytes) } == .malformed)
    }

    @Test func largestRecord_withUnknownField_isAccepted() throws {
        let bytes = record().bytes
        let room = IPNSRecord.bytesMax - bytes.count - 3
        let filler = [15 << 3 | 2, UInt8(room & 0x7F | 0x80), UInt8(room >> 7)] + [UInt8](repeating: 0, count: room)
        #expect(try decode(bytes + filler).bytes.count == IPNSRecord.bytesMax)
        #expect(code { _ = try decode(bytes + filler + [0]) } == .tooLarge)
    }

    @Test func signedFields_wrong_areRefused() throws {
        let good: [String: CBOR] = [
            "Value": .bytes(Array(value.utf8)), "Validity": .bytes(Array("2030-03-17T17:46:40Z".utf8)),
            "ValidityType": .unsigned(0), "Sequence": .unsigned(3), "TTL": .unsigned(1),
        ]
        func decodeSigned(_ fields: [String: CBOR]) throws -> IPNSRecord {
            let data = CBOR.map(fields).encoded()
            var bytes = field(8, key.signature(over: Array("ipns-signature:".utf8) + data))
            bytes.append(9 << 3 | 2)
            Varint.append(UInt64(data.count), to: &bytes)
            return try decode(bytes + data)
        }
        #expect(try decodeSigned(good).sequence == 3)
        #expect(try decodeSigned(good.merging(["_extra": .text("x")]) { $1 }).sequence == 3)
        for name in good.keys.sorted() {
            #expect(code { _ = try decodeSigned(good.filter { $0.key != name }) } == .malformed, "without \(name)")
        }
        let wrong: [(String, CBOR, ContentError.Code)] = [
            ("ValidityType", .unsigned(1), .unsupported), ("Sequence", .negative(0), .malformed),
            ("TTL", .text("1"), .malformed), ("Validity", .bytes(Array("tomorrow".utf8)), .malformed),
            ("Value", .bytes([0xFF]), .malformed), ("Value", .text(value), .malformed),
            ("Validity", .bytes([UInt8](repeating: 0x30, count: 999)), .malformed),
        ]
        for (name, content, wanted) in wrong {
            #expect(code { _ = try decodeSigned(good.merging([name: content]) { $1 }) } == wanted, "\(name)")
        }
    }

    @Test func publicKeyField_mustBeTheKeyOfTheName() throws {
        let bytes = record().bytes
        let prefix: [UInt8] = [8, 1, 0x12, 32]
        #expect(try decode(bytes + field(7, prefix + key.id.bytes)).sequence == 3)
        #expect(code { _ = try decode(bytes + field(7, prefix + rawCID(1).bytes.suffix(32))) } == .badSignature)
        #expect(code { _ = try decode(bytes + field(7, key.id.bytes)) } == .badSignature)
    }

    @Test func legacyFields_accepted_onlyWhenAllAgree() throws {
        let bytes = record().bytes
        let legacy = legacyFields()
        #expect(try decode(legacy.flatMap(\.self) + bytes).bytes == legacy.flatMap(\.self) + bytes)
        for index in [0, 3, 4, 5] {
            var partial = legacy
            partial.remove(at: index)
            #expect(code { _ = try decode(bytes + partial.flatMap(\.self)) } == .malformed, "without \(index + 1)")
        }
        for index in legacy.indices {
            #expect(code { _ = try decode(bytes + legacy[index]) } == .malformed, "only \(index + 1)")
        }
        for (index, other) in [
            (0, field(1, "/ipfs/x".utf8)), (2, varint(3, 1)), (3, field(4, "2031-03-17T17:46:40.123Z".utf8)),
            (4, varint(5, 4)), (5, varint(6, 1)),
        ] {
            var fields = legacy
            fields[index] = other
            #expect(code { _ = try decode(fields.flatMap(\.self) + bytes) } == .malformed, "other \(index + 1)")
        }
    }

    @Test func record_pastItsValidity_isExpired() {
        let record = record()
        #expect(!record.isExpired(now: end) && !record.isExpired(now: .distantPast))
        #expect(record.isExpired(now: end + .milliseconds(1)))
    }

    @Test func records_ordered_bySequenceThenValidityThenBytes() {
        let (old, new) = (record(sequence: 3), record(sequence: 4, validity: .distantPast))
        #expect(new.supersedes(old) && !old.supersedes(new) && !old.supersedes(old))
        let longer = record(validity: end + .milliseconds(1))
        #expect(longer.supersedes(old) && !old.supersedes(longer))
        let other = record(value: "/ipfs/\(rawCID(2))")
        #expect(other.supersedes(old) != old.supersedes(other))
    }

    @Test func valueOfOtherForm_hasNoRoot() {
        for text in ["/ipfs/", "/ipns/\(key.id)", "/ipfs/\(rawCID(1))/a", "\(rawCID(1))"] {
            #expect(record(value: text).root == nil, "\(text)")
        }
    }
}
