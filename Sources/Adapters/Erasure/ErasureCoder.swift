import CISAL

/// A systematic Cauchy Reed–Solomon code: of `totalCount` pieces the first `dataCount` are the data, and any
/// `dataCount` of them rebuild every other.
///
/// The field is GF(2^8) with polynomial 0x11D; parity row `i` has the coefficients `1 / (i xor j)`, as ISA-L's
/// `gf_gen_cauchy1_matrix` makes them. With one data piece the others are plain copies. Calls work byte by byte, so
/// long pieces may be coded in units of any length; 64 KiB units keep the work in the processor's cache. Calls from
/// many threads at once are fine. Source: Blömer et al., "An XOR-based erasure-resilient coding scheme", ICSI
/// TR-95-048; Intel ISA-L 2.30.
public final class ErasureCoder: Sendable {
    /// The most pieces of a code.
    public static let totalCountMax = 255
    /// The most bytes per piece of one call.
    public static let lengthMax = 1 << 30

    /// The pieces that rebuild all others; the first ones.
    public let dataCount: Int
    /// All pieces.
    public let totalCount: Int

    private let encoding: CodingTable
    private let decoding: DecodingTables

    /// - Parameters:
    ///   - dataCount: From 1.
    ///   - totalCount: From `dataCount` to ``totalCountMax``.
    /// - Throws: ``ErasureError`` `.badCounts` outside of that.
    public init(dataCount: Int, totalCount: Int) throws(ErasureError) {
        guard dataCount >= 1, dataCount <= totalCount, totalCount <= Self.totalCountMax else {
            throw ErasureError(.badCounts, "no code has \(dataCount) data pieces among \(totalCount)")
        }
        self.dataCount = dataCount
        self.totalCount = totalCount
        let generator = GeneratorMatrix(dataCount: dataCount, totalCount: totalCount)
        encoding = CodingTable(rows: generator.rows(dataCount..<totalCount), width: dataCount)
        decoding = DecodingTables(generator: generator)
    }

    /// Computes the parity pieces `dataCount..<totalCount` from the data pieces, each in order of its index.
    ///
    /// Any length from 1 to ``lengthMax`` does, the same for all. No output may overlap another buffer.
    ///
    /// - Throws: ``ErasureError`` `.badPieces` when the counts are not the code's, `.badLength` when lengths differ.
    public func encode(
        data: [UnsafeRawBufferPointer],
        parity: [UnsafeMutableRawBufferPointer]
    ) throws(ErasureError) {
        guard data.count == dataCount, parity.count == totalCount - dataCount else {
            throw ErasureError(
                .badPieces,
                "\(data.count) data and \(parity.count) parity pieces for a code of \(dataCount) of \(totalCount)"
            )
        }
        let length = try Self.commonLength(data, parity)
        guard dataCount > 1 else { return Self.copy(data[0], to: parity) }
        encoding.apply(to: data, into: parity, length: length)
    }

    /// Rebuilds the pieces `missing` from `dataCount` of the pieces `present`; data pieces are used first.
    ///
    /// Both in any order, further pieces are not read. Any length from 1 to ``lengthMax`` does, the same for all. No
    /// output may overlap another buffer. The inverted matrix is kept, so the next units of the same pieces cost none.
    ///
    /// - Throws: ``ErasureError`` `.badPieces` when fewer than `dataCount` are present, or an index is named twice or
    ///   is not of the code; `.badLength` when lengths differ.
    public func reconstruct(
        present: [(index: Int, bytes: UnsafeRawBufferPointer)],
        missing: [(index: Int, bytes: UnsafeMutableRawBufferPointer)]
    ) throws(ErasureError) {
        var seen = PieceSet()
        for (index, _) in present { try check(index, &seen) }
        for (index, _) in missing { try check(index, &seen) }
        guard present.count >= dataCount else {
            throw ErasureError(.badPieces, "\(present.count) pieces cannot replace the \(dataCount) data pieces")
        }
        let outputs = missing.map(\.bytes)
        let length = try Self.commonLength(present.map(\.bytes), outputs)
        guard !missing.isEmpty else { return }
        guard dataCount > 1 else { return Self.copy(present[0].bytes, to: outputs) }
        let used = present.sorted { $0.index < $1.index }.prefix(dataCount)
        var given = PieceSet()
        for (index, _) in used { _ = given.insert(index) }
        let table = try decoding.table(from: given, to: missing.map(\.index))
        table.apply(to: used.map(\.bytes), into: outputs, length: length)
    }

    /// How many inverted matrices are kept.
    package var tablesKept: Int { decoding.keptCount }
    /// The most inverted matrices kept.
    package static let tablesKeptMax = DecodingTables.keptMax

    private func check(_ index: Int, _ seen: inout PieceSet) throws(ErasureError) {
        guard index >= 0, index < totalCount else {
            throw ErasureError(.badPieces, "piece \(index) is not among the \(totalCount) of this code")
        }
        guard seen.insert(index) else { throw ErasureError(.badPieces, "piece \(index) is given twice") }
    }

    private static func commonLength(
        _ inputs: [UnsafeRawBufferPointer],
        _ outputs: [UnsafeMutableRawBufferPointer]
    ) throws(ErasureError) -> Int {
        let length = inputs.first?.count ?? 0
        guard length >= 1, length <= lengthMax else {
            throw ErasureError(.badLength, "a piece of \(length) bytes; from 1 to \(lengthMax) are allowed")
        }
        guard inputs.allSatisfy({ $0.count == length }), outputs.allSatisfy({ $0.count == length }) else {
            throw ErasureError(.badLength, "the pieces are not all \(length) bytes long")
        }
        return length
    }

    private static func copy(_ source: UnsafeRawBufferPointer, to outputs: [UnsafeMutableRawBufferPointer]) {
        for output in outputs { output.copyMemory(from: source) }
    }
}
