import Core
import Objects

/// What a reader has to know of a segment: its record, and who said to hold its pieces.
package struct KnownSegment: Sendable {
    package let record: SegmentRecord
    package private(set) var statements: StatementSet
    /// What was verified already: twelve holders say mostly the same, and a signature costs more than a look here.
    private var seen: Set<[UInt8]> = []

    package init(_ record: SegmentRecord) {
        self.record = record
        statements = StatementSet(of: record)
    }

    /// Takes what others said; what is wrong in it is left out, each statement proves itself.
    package mutating func merge(_ encoded: [[UInt8]], now: Instant) {
        for bytes in encoded.prefix(HoldersAnswer.statementsMax) where !seen.contains(bytes) {
            guard let statement = try? PieceStatement(decoding: bytes) else { continue }
            seen.insert(bytes)
            _ = try? statements.merge(statement, now: now)
        }
    }

    /// Who holds what now.
    func places(now: Instant) -> [PiecePlace] {
        statements.statements.filter { $0.isHolding(now: now) }.map { PiecePlace(piece: $0.index, node: $0.node) }
    }

    /// Different pieces of which somebody says to hold them.
    func pieceCount(now: Instant) -> Int { Set(places(now: now).map(\.piece)).count }
}
