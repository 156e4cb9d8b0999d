import Core
import Objects
import Testing

/// Values by Python's `hmac`: HKDF-SHA-256 without salt, and HMAC-SHA-256.
struct SegmentKeysTests {
    private func hex(_ bytes: [UInt8]) -> String {
        bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    @Test func keys_ofRuns_areThoseOfHKDF() throws {
        let keys = try SegmentKeys(seed: Array(0..<32))
        #expect(hex(keys.key(ofRun: 0)) == "adf9506a5e6e188dcbe44bf1c170f49d673f9b17ab17aff16c23c364e09d318e")
        #expect(hex(keys.key(ofRun: 1)) == "1add0b6b808adbfc7b4413a7c3d3dd515e7980b8412a5a09f7f88f8af01d2e57")
        #expect(hex(keys.key(ofRun: 70_000)) == "e08b47afd7f564b9871e907607b3ccff6fc6a310903539fcdbf0ebce34ca9c0d")
        #expect(throws: ObjectsError.self) { try SegmentKeys(seed: Array(0..<31)) }
        #expect("\(keys)" == "the keys of a segment")
    }

    private func fingerprint(
        _ runs: [(first: UInt64, text: [String], ends: Bool)],
        key: UInt8 = 9
    ) -> Digest {
        var fingerprint = SegmentFingerprint(key: Array(repeating: key, count: 32))
        for run in runs {
            let count = run.text.reduce(0) { $0 + $1.utf8.count }
            fingerprint.begin(firstRecord: run.first, byteCount: count, endsObject: run.ends)
            for text in run.text { Array(text.utf8).withUnsafeBytes { fingerprint.update($0) } }
        }
        return fingerprint.finish()
    }

    @Test func fingerprint_isThatOfHMAC_howeverItIsFed() {
        let whole = fingerprint([(3, ["hello"], true), (0, ["hi"], false)])
        #expect(hex(whole.bytes) == "b391c87f5c006b221d79a2e60df9a01c1fdfbdff2530d0ec2a52be3c5974e785")
        #expect(fingerprint([(3, ["he", "", "llo"], true), (0, ["h", "i"], false)]) == whole)
    }

    @Test func fingerprints_ofOtherContents_differ() {
        let all = [
            fingerprint([(0, ["ab"], true)]), fingerprint([(0, ["ac"], true)]), fingerprint([(0, ["ab"], false)]),
            fingerprint([(1, ["ab"], true)]), fingerprint([(0, ["a"], true), (0, ["b"], true)]),
            fingerprint([(0, ["ab"], true)], key: 8), fingerprint([]),
        ]
        #expect(Set(all).count == all.count)
    }

    @Test func seal_ofPlaintext_isToldFromOthers() throws {
        let cipher = try ObjectCipher(key: Array(0..<32))
        let plaintext = Array("plaintext".utf8)
        var sealed = [UInt8](repeating: 0, count: plaintext.count + 16)
        try plaintext.withUnsafeBytes { from in
            try sealed.withUnsafeMutableBytes { try cipher.seal(record: 5, isLast: false, from, into: $0) }
        }
        let tag = Array(sealed.suffix(16))
        func isSealed(_ text: String, _ record: UInt64, isLast: Bool, _ tag: [UInt8]) throws -> Bool {
            var scratch = [UInt8](repeating: 0, count: ObjectCipher.recordBytesMax)
            return try Array(text.utf8).withUnsafeBytes { bytes in
                try scratch.withUnsafeMutableBytes {
                    try cipher.isSealed(bytes, record: record, isLast: isLast, tag: tag, scratch: $0)
                }
            }
        }
        #expect(try isSealed("plaintext", 5, isLast: false, tag))
        #expect(try !isSealed("plaintexu", 5, isLast: false, tag))
        #expect(try !isSealed("plaintex", 5, isLast: false, tag))
        #expect(try !isSealed("plaintext", 6, isLast: false, tag))
        #expect(try !isSealed("plaintext", 5, isLast: true, tag))
        #expect(try !isSealed("plaintext", 5, isLast: false, Array(tag.dropLast())))
    }
}
