import CISAL
import Erasure

/// One code, its pieces in memory, and the two ways to compute them.
final class CodeBenchmark {
    private let dataCount: Int
    private let totalCount: Int
    private let coder: ErasureCoder
    /// All units: stripe by stripe, in each piece by piece.
    private let memory: UnsafeMutableRawBufferPointer
    /// One more stripe for what is rebuilt.
    private let target: UnsafeMutableRawBufferPointer

    private let unit = ErasureBenchmark.unitLength

    init(dataCount: Int, parityCount: Int) throws {
        self.dataCount = dataCount
        totalCount = dataCount + parityCount
        coder = try ErasureCoder(dataCount: dataCount, totalCount: totalCount)
        let stripe = totalCount * ErasureBenchmark.unitLength
        memory = .allocate(byteCount: ErasureBenchmark.stripeCount * stripe, alignment: 64)
        target = .allocate(byteCount: stripe, alignment: 64)
        for index in stride(from: 0, to: memory.count, by: 8) {
            memory.storeBytes(of: UInt64(index) &* 0x9E37_79B9_7F4A_7C15, toByteOffset: index, as: UInt64.self)
        }
        target.initializeMemory(as: UInt8.self, repeating: 0)
    }

    deinit {
        memory.deallocate()
        target.deallocate()
    }

    private var dataLength: Int { ErasureBenchmark.stripeCount * dataCount * unit }

    private func piece(_ index: Int, of stripe: Int) -> UnsafeMutableRawBufferPointer {
        let start = (stripe * totalCount + index) * unit
        return .init(rebasing: memory[start..<start + unit])
    }

    private func rebuilt(_ index: Int) -> UnsafeMutableRawBufferPointer {
        .init(rebasing: target[index * unit..<(index + 1) * unit])
    }

    func encode() throws {
        let tables = tables(of: Array(dataCount..<totalCount), from: Array(0..<dataCount))
        try ErasureBenchmark.compare("encode \(dataCount)+\(totalCount - dataCount)", byteCount: dataLength) {
            for stripe in 0..<ErasureBenchmark.stripeCount {
                try coder.encode(
                    data: (0..<dataCount).map { UnsafeRawBufferPointer(piece($0, of: stripe)) },
                    parity: (dataCount..<totalCount).map { piece($0, of: stripe) }
                )
            }
        } bare: {
            for stripe in 0..<ErasureBenchmark.stripeCount {
                bare(
                    tables,
                    (0..<dataCount).map { piece($0, of: stripe) },
                    (dataCount..<totalCount).map { piece($0, of: stripe) }
                )
            }
        }
    }

    /// Rebuilds the first pieces from those that follow.
    func reconstruct(lost: Int) throws {
        let (missing, given) = (Array(0..<lost), Array(lost..<lost + dataCount))
        let tables = tables(of: missing, from: given)
        let name = "rebuild \(lost) at \(dataCount)+\(totalCount - dataCount)"
        try ErasureBenchmark.compare(name, byteCount: dataLength) {
            for stripe in 0..<ErasureBenchmark.stripeCount {
                try coder.reconstruct(
                    present: given.map { ($0, UnsafeRawBufferPointer(piece($0, of: stripe))) },
                    missing: missing.map { ($0, rebuilt($0)) }
                )
            }
        } bare: {
            for stripe in 0..<ErasureBenchmark.stripeCount {
                bare(tables, given.map { piece($0, of: stripe) }, missing.map(rebuilt))
            }
        }
    }

    private func bare(
        _ tables: [UInt8],
        _ inputs: [UnsafeMutableRawBufferPointer],
        _ outputs: [UnsafeMutableRawBufferPointer]
    ) {
        var tables = tables
        var sources = inputs.map { $0.baseAddress?.assumingMemoryBound(to: UInt8.self) }
        var targets = outputs.map { $0.baseAddress?.assumingMemoryBound(to: UInt8.self) }
        ec_encode_data(Int32(unit), Int32(inputs.count), Int32(outputs.count), &tables, &sources, &targets)
    }

    /// Tables for the bare call; here `wanted` are data pieces, or `given` are all of them.
    private func tables(of wanted: [Int], from given: [Int]) -> [UInt8] {
        var matrix = [UInt8](repeating: 0, count: totalCount * dataCount)
        gf_gen_cauchy1_matrix(&matrix, Int32(totalCount), Int32(dataCount))
        var square = given.flatMap { matrix[$0 * dataCount..<($0 + 1) * dataCount] }
        var inverse = square
        _ = gf_invert_matrix(&square, &inverse, Int32(dataCount))
        var rows = wanted.flatMap { ($0 < dataCount ? inverse : matrix)[$0 * dataCount..<($0 + 1) * dataCount] }
        var tables = [UInt8](repeating: 0, count: rows.count * 32)
        ec_init_tables(Int32(dataCount), Int32(wanted.count), &rows, &tables)
        return tables
    }
}
