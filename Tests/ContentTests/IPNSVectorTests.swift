import Content
import Core
import Foundation
import Testing

/// The six cases of ipfs/specs ipns-record.md, with records that another implementation made.
@Suite struct IPNSVectorTests {
    private let key: SigningKey<PublisherRole>

    init() throws {
        key = try SigningKey(seed: 0..<32)
    }

    private func vector(_ name: String) throws -> [UInt8] {
        let url = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Vectors/ipns-records.hex")
        let lines = try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
        let line = try #require(lines.first { $0.hasPrefix(name + " ") })
        return try Multibase.base16.decodeBare(line.dropFirst(name.count + 1))
    }

    private func decode(_ name: String) throws -> IPNSRecord {
        try IPNSRecord(decoding: vector(name), name: key.id)
    }

    @Test(arguments: ["v1-v2", "v1-v2-broken-signature-v1", "v2-only"])
    func validRecord_decoded_saysWhatWasSigned(name: String) throws {
        let record = try decode(name)
        #expect(key.id.description == "k51qzi5uqu5dg9ufswxt229ntzdy7p4125xzv5rtyjso89ajdujg6csfxcj260")
        #expect(record.value == "/ipfs/bafkqaddwgevxmmraojswg33smq" && record.root != nil)
        #expect(record.sequence == 7 && record.ttl == .seconds(300))
        #expect(record.validity.description == "2126-03-01T12:00:00.123000000Z")
    }

    @Test(
        arguments: [
            ("v1-only", .unsupported), ("v1-v2-other-value", .malformed), ("v1-v2-broken-signature-v2", .badSignature),
        ] as [(String, ContentError.Code)]
    ) func invalidRecord_decoded_isRefused(name: String, wanted: ContentError.Code) {
        #expect(code { _ = try decode(name) } == wanted)
    }

    @Test func sameStatement_signed_isTheSameBytes() throws {
        let other = try decode("v2-only")
        let record = IPNSRecord(
            value: other.value,
            sequence: 7,
            validity: other.validity.instant,
            ttl: .seconds(300),
            key: key
        )
        #expect(record.bytes == other.bytes)
    }
}
