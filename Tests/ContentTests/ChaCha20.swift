import Core

/// The key stream of ChaCha20 (RFC 8439, nonce 0), from which the IPIP-0499 test vectors draw their bytes.
///
/// - Parameter seed: its SHA-256 is the key.
func chaCha20(_ count: Int, seed: String) -> [UInt8] {
    let key = stride(from: 0, to: 32, by: 4).map { start in
        Digest(hashing: Array(seed.utf8)).bytes[start..<start + 4].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    }
    var stream: [UInt8] = []
    for counter in 0..<UInt32((count + 63) / 64) {
        let start: [UInt32] = [0x6170_7865, 0x3320_646E, 0x7962_2D32, 0x6B20_6574] + key + [counter, 0, 0, 0]
        var state = start
        for _ in 0..<10 {
            for column in 0..<4 { quarterRound(&state, column, column + 4, column + 8, column + 12) }
            for row in 0..<4 { quarterRound(&state, row, (row + 1) % 4 + 4, (row + 2) % 4 + 8, (row + 3) % 4 + 12) }
        }
        for (word, first) in zip(state, start) { withUnsafeBytes(of: (word &+ first).littleEndian) { stream += $0 } }
    }
    return Array(stream.prefix(count))
}

private func quarterRound(_ state: inout [UInt32], _ a: Int, _ b: Int, _ c: Int, _ d: Int) {
    func mix(_ target: Int, _ source: Int, _ rotated: Int, _ bits: UInt32) {
        state[target] &+= state[source]
        let mixed = state[rotated] ^ state[target]
        state[rotated] = mixed << bits | mixed >> (32 - bits)
    }
    mix(a, b, d, 16)
    mix(c, d, b, 12)
    mix(a, b, d, 8)
    mix(c, d, b, 7)
}
