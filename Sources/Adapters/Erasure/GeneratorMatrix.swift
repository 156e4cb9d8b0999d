import CISAL

/// The matrix that makes all pieces from the data pieces: the identity above the Cauchy rows.
struct GeneratorMatrix: Sendable {
    let dataCount: Int
    let totalCount: Int
    private let bytes: [UInt8]

    /// The counts are checked by ``ErasureCoder``.
    init(dataCount: Int, totalCount: Int) {
        self.dataCount = dataCount
        self.totalCount = totalCount
        var matrix = [UInt8](repeating: 0, count: totalCount * dataCount)
        gf_gen_cauchy1_matrix(&matrix, Int32(totalCount), Int32(dataCount))
        bytes = matrix
    }

    /// These rows, one after another.
    func rows(_ indexes: some Sequence<Int>) -> [UInt8] {
        indexes.flatMap { bytes[$0 * dataCount..<($0 + 1) * dataCount] }
    }

    /// The rows that make the pieces `wanted` from the `dataCount` pieces `given`.
    ///
    /// - Throws: ``ErasureError`` `.badPieces` when `given` does not rebuild the data, which a Cauchy matrix excludes
    ///   for different indexes.
    func rows(from given: [Int], to wanted: [Int]) throws(ErasureError) -> [UInt8] {
        var square = rows(given)
        var inverse = [UInt8](repeating: 0, count: dataCount * dataCount)
        guard gf_invert_matrix(&square, &inverse, Int32(dataCount)) == 0 else {
            throw ErasureError(.badPieces, "the pieces \(given) do not rebuild the data")
        }
        var result: [UInt8] = []
        result.reserveCapacity(wanted.count * dataCount)
        for piece in wanted {
            guard piece >= dataCount else {
                result += inverse[piece * dataCount..<(piece + 1) * dataCount]
                continue
            }
            let row = rows(CollectionOfOne(piece))
            for column in 0..<dataCount {
                var sum: UInt8 = 0
                for inner in 0..<dataCount { sum ^= gf_mul(row[inner], inverse[inner * dataCount + column]) }
                result.append(sum)
            }
        }
        return result
    }
}
