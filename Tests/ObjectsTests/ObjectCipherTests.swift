import Core
import GoldenVectors
import Objects
import Testing

@Suite struct ObjectCipherTests {
    let cipher: ObjectCipher

    init() throws { cipher = try ObjectCipher(key: Array(0..<32)) }

    private func seal(_ counter: UInt64, isLast: Bool = false, _ plaintext: [UInt8]) throws -> [UInt8] {
        var sealed = [UInt8](repeating: 0, count: plaintext.count + 16)
        try plaintext.withUnsafeBytes { input in
            try sealed.withUnsafeMutableBytes { try cipher.seal(record: counter, isLast: isLast, input, into: $0) }
        }
        return sealed
    }

    private func open(
        _ counter: UInt64,
        isLast: Bool = false,
        _ sealed: [UInt8],
        with other: ObjectCipher? = nil
    ) throws -> [UInt8] {
        var plaintext = [UInt8](repeating: 0xAA, count: max(0, sealed.count - 16))
        do {
            try sealed.withUnsafeBytes { input in
                try plaintext.withUnsafeMutableBytes {
                    try (other ?? cipher).open(record: counter, isLast: isLast, input, into: $0)
                }
            }
        } catch {
            #expect(plaintext.allSatisfy { $0 == 0xAA }, "a record that is refused leaves nothing behind")
            throw error
        }
        return plaintext
    }

    private func refuses(_ code: ObjectsError.Code, _ body: () throws -> [UInt8]) {
        let error = #expect(throws: ObjectsError.self) { try body() }
        #expect(error?.code == code)
    }

    @Test func record_v1_opensVector() throws {
        let plaintext = Array("a record of an object".utf8)
        let middle = try Vectors.bytes("sealed-record-v1", or: seal(5, plaintext))
        let last = try Vectors.bytes("sealed-record-last-v1", or: seal(5, isLast: true, plaintext))
        #expect(try open(5, middle) == plaintext)
        #expect(try open(5, isLast: true, last) == plaintext)
        #expect(try seal(5, plaintext) == middle && seal(5, isLast: true, plaintext) == last)
    }

    @Test(arguments: [0, 1, 15, 16, 1_000, 65_519, 65_520])
    func record_ofAnyLength_comesBack(byteCount: Int) throws {
        var rng = SplitMix64(seed: UInt64(byteCount))
        let plaintext = randomBytes(byteCount, &rng)
        for counter: UInt64 in [0, 1, 1_023, ObjectCipher.recordsMax - 1] {
            let sealed = try seal(counter, plaintext)
            #expect(sealed.count == byteCount + 16)
            #expect(try open(counter, sealed) == plaintext)
        }
        #expect(ObjectCipher.recordBytesMax == 65_536)
    }

    @Test func record_isMoved_isRefused() throws {
        let records = try (0..<4).map { try seal(UInt64($0), isLast: $0 == 3, Array(repeating: UInt8($0), count: 100)) }
        for (place, _) in records.enumerated() {
            for (number, sealed) in records.enumerated() where number != place {
                refuses(.badSeal) { try open(UInt64(place), isLast: place == 3, sealed) }
            }
        }
        // Cut off behind record 2, which then would have to be the last; or continued behind the last.
        refuses(.badSeal) { try open(2, isLast: true, records[2]) }
        refuses(.badSeal) { try open(3, isLast: false, records[3]) }
    }

    @Test func record_isChangedOrCut_isRefused() throws {
        let sealed = try seal(7, Array(repeating: 9, count: 300))
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1 << UInt8(index % 8)
            refuses(.badSeal) { try open(7, changed) }
        }
        for length in 16..<sealed.count { refuses(.badSeal) { try open(7, Array(sealed.prefix(length))) } }
        for length in 0..<16 { refuses(.outOfRange) { try open(7, Array(sealed.prefix(length))) } }
        refuses(.badSeal) { try open(7, sealed + [0]) }
        let other = try ObjectCipher(key: Array(1...32))
        refuses(.badSeal) { try open(7, sealed, with: other) }
    }

    @Test func record_isOutOfRange_isRefused() throws {
        refuses(.outOfRange) { try seal(0, Array(repeating: 0, count: 65_521)) }
        refuses(.outOfRange) { try open(0, Array(repeating: 0, count: 65_537)) }
        refuses(.outOfRange) { try seal(ObjectCipher.recordsMax, [1]) }
        refuses(.outOfRange) { try seal(1 << 63, [1]) }
        for count in [0, 31, 33] {
            #expect(throws: ObjectsError.self) { try ObjectCipher(key: Array(repeating: 0, count: count)) }
        }
    }

    @Test func nonces_ofRecords_differ() throws {
        let plaintext = [UInt8](repeating: 0, count: 64)
        var seen: Set<[UInt8]> = []
        for counter in UInt64(0)..<300 {
            for isLast in [false, true] {
                let sealed = try seal(counter, isLast: isLast, plaintext)
                #expect(seen.insert(Array(sealed.prefix(64))).inserted, "record \(counter) repeats a key stream")
            }
        }
    }

    @Test func blob_v1_opensVector() throws {
        var rng = SplitMix64(seed: 5)
        let made = try cipher.sealSmall(Array("a name".utf8), in: Array("context".utf8), using: &rng)
        let vector = try Vectors.bytes("sealed-blob-v1", or: made)
        #expect(vector == made && vector[0] & 0x80 != 0)
        #expect(try cipher.openSmall(vector, in: Array("context".utf8)) == Array("a name".utf8))
        try damage(vector, refusesAll: true) { bytes in
            _ = try cipher.openSmall(bytes, in: Array("context".utf8))
            return bytes
        }
        refuses(.badSeal) { try cipher.openSmall(vector, in: Array("contexT".utf8)) }
        refuses(.badSeal) { try cipher.openSmall(vector, in: []) }
    }

    @Test func blob_isSealedTwice_differs() throws {
        var rng = SplitMix64(seed: 6)
        let blobs = try (0..<100).map { _ in try cipher.sealSmall([1, 2, 3], in: [], using: &rng) }
        #expect(Set(blobs).count == 100)
        #expect(try cipher.openSmall(cipher.sealSmall([], in: [], using: &rng), in: []).isEmpty)
        let large = [UInt8](repeating: 1, count: ObjectCipher.smallBytesMax)
        #expect(try cipher.openSmall(cipher.sealSmall(large, in: [], using: &rng), in: []) == large)
        #expect(throws: ObjectsError.self) { try cipher.sealSmall(large + [1], in: [], using: &rng) }
        refuses(.tooLarge) { try cipher.openSmall(Array(repeating: 0xFF, count: large.count + 29), in: []) }
    }

    @Test func blob_isARecord_isRefused() throws {
        // A record's nonce and sealed bytes side by side have the form of a blob, but not its nonce.
        let record = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3] + (try seal(3, [1, 2, 3]))
        refuses(.badSeal) { try cipher.openSmall(record, in: []) }
    }

    @Test func key_isWrapped_comesBackForItsContextOnly() throws {
        var rng = SplitMix64(seed: 7)
        let key = ObjectCipher.newKey(using: &rng)
        #expect(key.count == 32 && key != ObjectCipher.newKey(using: &rng))
        let made = try cipher.wrap(key: key, in: [1], using: &rng)
        let vector = try Vectors.bytes("wrapped-key-v1", or: made)
        #expect(vector == made && vector.count == ObjectCipher.wrappedKeyByteCount)
        #expect(try cipher.unwrap(vector, in: [1]) == key)
        refuses(.badSeal) { try cipher.unwrap(vector, in: [2]) }
        refuses(.badSeal) { try cipher.unwrap(cipher.sealSmall(key + [0], in: [1], using: &rng), in: [1]) }
        #expect(throws: ObjectsError.self) { try cipher.wrap(key: key + [0], in: [1], using: &rng) }
    }
}
