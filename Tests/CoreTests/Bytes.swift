import Core

/// The bytes behind hexadecimal text; blanks are skipped. Written apart from `Multibase`, which is under test here.
func hex(_ text: String) -> [UInt8] {
    let digits = text.compactMap(\.hexDigitValue)
    precondition(digits.count.isMultiple(of: 2) && digits.count == text.count { $0 != " " }, "not hexadecimal: \(text)")
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

/// Why `body` was refused; nothing when it was not.
func refusal(_ body: () throws -> some Any) -> CoreError.Code? {
    do {
        _ = try body()
        return nil
    } catch {
        return (error as? CoreError)?.code
    }
}

func randomBytes(_ counts: ClosedRange<Int>, using rng: inout SplitMix64) -> [UInt8] {
    (0..<Int.random(in: counts, using: &rng)).map { _ in UInt8.random(in: .min ... .max, using: &rng) }
}

/// A damaged copy: one to four bits flipped, bytes cut out, or bytes put in.
func damaged(_ bytes: [UInt8], using rng: inout SplitMix64) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...4, using: &rng) {
        guard let index = bytes.indices.randomElement(using: &rng) else { return bytes }
        switch Int.random(in: 0..<6, using: &rng) {
        case 0: bytes.remove(at: index)
        case 1: bytes.insert(UInt8.random(in: .min ... .max, using: &rng), at: index)
        case 2:
            bytes[index] = [0x00, 0x18, 0x1B, 0x5B, 0x7F, 0x80, 0x9B, 0xBB, 0xD8, 0xFF].randomElement(using: &rng) ?? 0
        default: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &rng)
        }
    }
    return bytes
}

extension CID {
    /// A CIDv0, a CIDv1 of any codec, or an identity CID; for round trips.
    static func random(using rng: inout SplitMix64) -> CID {
        let codec = Codec(code: rng.next() >> UInt64.random(in: 1...63, using: &rng))
        if Bool.random(using: &rng) { return CID(codec: codec, hash: .identity(randomBytes(0...128, using: &rng))) }
        let digest = Digest(hashing: randomBytes(8...8, using: &rng))
        let v1 = CID(codec: codec, hash: .sha256(digest))
        return Bool.random(using: &rng) ? v1 : (try? CID(bytes: [0x12, 0x20] + digest.bytes)) ?? v1
    }
}
