import Erasure

/// Pieces of made-up data and a code, with calls that take whole arrays.
struct Pieces {
    let coder: ErasureCoder
    var all: [[UInt8]]

    init(_ dataCount: Int, of totalCount: Int, length: Int, seed: UInt64 = 1) throws {
        coder = try ErasureCoder(dataCount: dataCount, totalCount: totalCount)
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        let data = (0..<dataCount).map { _ in
            (0..<length).map { _ -> UInt8 in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return UInt8(truncatingIfNeeded: state >> 56)
            }
        }
        all = try data + Self.parity(of: data, coder)
    }

    static func parity(of data: [[UInt8]], _ coder: ErasureCoder) throws -> [[UInt8]] {
        let length = data[0].count
        let inputs = data.map(copied)
        let outputs = (coder.dataCount..<coder.totalCount).map { _ in blank(length) }
        defer { (inputs + outputs).forEach { $0.deallocate() } }
        try coder.encode(data: inputs.map { UnsafeRawBufferPointer($0) }, parity: outputs)
        return outputs.map { Array($0) }
    }

    /// What the pieces `missing` are, made from the pieces `present` only.
    func rebuilt(_ missing: [Int], from present: [Int]) throws -> [[UInt8]] {
        let inputs = present.map { Self.copied(all[$0]) }
        let outputs = missing.map { _ in Self.blank(all[0].count) }
        defer { (inputs + outputs).forEach { $0.deallocate() } }
        try coder.reconstruct(
            present: zip(present, inputs).map { (index: $0, bytes: UnsafeRawBufferPointer($1)) },
            missing: zip(missing, outputs).map { (index: $0, bytes: $1) }
        )
        return outputs.map { Array($0) }
    }

    static func copied(_ bytes: [UInt8]) -> UnsafeMutableRawBufferPointer {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        buffer.copyBytes(from: bytes)
        return buffer
    }

    /// Filled with something that no test expects by chance.
    static func blank(_ length: Int) -> UnsafeMutableRawBufferPointer {
        copied([UInt8](repeating: 0xEE, count: length))
    }
}
