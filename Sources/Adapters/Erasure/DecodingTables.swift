import Synchronization

/// The tables that rebuild pieces from others, with the ones used last kept.
final class DecodingTables: Sendable {
    /// Tables kept; of a code with 255 pieces one may take half a megabyte.
    static let keptMax = 16

    private struct Key: Hashable {
        let given: [Int]
        let wanted: [Int]
    }

    private struct Kept {
        var tables: [Key: (table: CodingTable, use: UInt64)] = [:]
        var uses: UInt64 = 0

        mutating func use(_ key: Key) -> CodingTable? {
            guard let found = tables[key] else { return nil }
            uses += 1
            tables[key] = (found.table, uses)
            return found.table
        }

        mutating func keep(_ table: CodingTable, as key: Key) {
            uses += 1
            tables[key] = (table, uses)
            guard tables.count > DecodingTables.keptMax else { return }
            if let oldest = tables.min(by: { $0.value.use < $1.value.use }) { tables[oldest.key] = nil }
        }
    }

    private let generator: GeneratorMatrix
    private let kept = Mutex(Kept())

    init(generator: GeneratorMatrix) {
        self.generator = generator
    }

    /// The table that makes `wanted` from `given`, both in this order.
    func table(from given: [Int], to wanted: [Int]) throws(ErasureError) -> CodingTable {
        let key = Key(given: given, wanted: wanted)
        if let table = kept.withLock({ $0.use(key) }) { return table }
        // Outside of the lock: two threads may both invert a matrix, none waits for it.
        let rows = try generator.rows(from: given, to: wanted)
        let table = CodingTable(rows: rows, width: generator.dataCount)
        kept.withLock { $0.keep(table, as: key) }
        return table
    }

    /// How many tables are kept.
    var keptCount: Int { kept.withLock { $0.tables.count } }
}
