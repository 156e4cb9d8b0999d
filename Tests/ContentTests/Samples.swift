import Content
import Core

/// Deterministic bytes that do not compress or repeat.
func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var rng = SplitMix64(seed: seed)
    return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &rng) }
}

func rawCID(_ number: Int) -> CID {
    CID(hashing: Array("leaf \(number)".utf8), codec: .raw)
}

/// Every single-bit flip and every truncation of `bytes`.
func damaged(_ bytes: [UInt8]) -> [[UInt8]] {
    let flips = bytes.indices.flatMap { index in
        (0..<8).map { bit in
            var copy = bytes
            copy[index] ^= 1 << UInt8(bit)
            return copy
        }
    }
    return flips + bytes.indices.map { Array(bytes.prefix($0)) }
}

/// The blocks of a DAG by their CID.
func store(_ blocks: [Block]) -> [CID: Block] {
    Dictionary(blocks.map { ($0.cid, $0) }, uniquingKeysWith: { first, _ in first })
}

/// The code of the ``ContentError`` that `body` throws, or nil.
func code(_ body: () throws -> Void) -> ContentError.Code? {
    do {
        try body()
        return nil
    } catch {
        return (error as? ContentError)?.code
    }
}
