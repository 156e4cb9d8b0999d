import Synchronization

/// The tables that rebuild pieces from others, with the ones used last kept.
final class DecodingTables: Sendable {
    /// Tables kept; of a code with 255 pieces one may take half a megabyte.
    static let keptMax = 16

    private struct Entry {
        let given: PieceSet
        let wanted: [Int]
        let table: CodingTable
        var use: UInt64
    }

    /// Few, so that going through them is faster than hashing what is looked for.
    private struct Kept {
        var entries: [Entry] = []
        var uses: UInt64 = 0

        mutating func use(_ given: PieceSet, _ wanted: [Int]) -> CodingTable? {
            guard let position = entries.firstIndex(where: { $0.given == given && $0.wanted == wanted }) else {
                return nil
            }
            uses += 1
            entries[position].use = uses
            return entries[position].table
        }

        mutating func keep(_ table: CodingTable, _ given: PieceSet, _ wanted: [Int]) {
            guard use(given, wanted) == nil else { return }
            uses += 1
            entries.append(Entry(given: given, wanted: wanted, table: table, use: uses))
            guard entries.count > DecodingTables.keptMax else { return }
            if let oldest = entries.indices.min(by: { entries[$0].use < entries[$1].use }) {
                entries.remove(at: oldest)
            }
        }
    }

    private let generator: GeneratorMatrix
    private let kept = Mutex(Kept())

    init(generator: GeneratorMatrix) {
        self.generator = generator
    }

    /// The table that makes `wanted`, in this order, from `given`, in the order of their indexes.
    func table(from given: PieceSet, to wanted: [Int]) throws(ErasureError) -> CodingTable {
        if let table = kept.withLock({ $0.use(given, wanted) }) { return table }
        // Outside of the lock: two threads may both invert a matrix, none waits for it.
        let rows = try generator.rows(from: given.indexes, to: wanted)
        let table = CodingTable(rows: rows, width: generator.dataCount)
        kept.withLock { $0.keep(table, given, wanted) }
        return table
    }

    /// How many tables are kept.
    var keptCount: Int { kept.withLock { $0.entries.count } }
}
