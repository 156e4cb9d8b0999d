import Core
import NIOCore
import Objects
import PieceStore

extension PieceDesk {
    /// Units of a piece for whoever may read it, with the hashes that prove them.
    func read(_ read: PieceRead, for peer: NodeID) async throws -> ByteBuffer {
        try await work.run {
            let record = try self.record(of: read.piece.segment)
            guard try self.mayRead(record, peer, grant: read.grant) else {
                throw NodeError(.mesh, "the owner of \(read.piece.segment) did not permit this node to read it")
            }
            guard read.piece.index < record.code.totalCount, read.units.upperBound <= record.layout.unitCount,
                read.units.count <= Self.unitsPerReadMax
            else { throw ObjectsError(.outOfRange, "segment \(record.id) has no units \(read.units) to give at once") }
            let segment = try Digest(read.piece.segment.bytes)
            let hashes = try self.store.unitHashes(segment, read.piece.index)
            let head = try PieceReadHead(pieceByteCount: record.layout.pieceByteCount, unitHashes: hashes).encoded
            let byteCount = PieceUnits.range(read.units, ofPiece: record.layout.pieceByteCount).count
            var answer = ByteBufferAllocator().buffer(capacity: head.count + byteCount)
            answer.writeBytes(head)
            try answer.writeWithUnsafeMutableBytes(minimumWritableBytes: byteCount) { region in
                let target = UnsafeMutableRawBufferPointer(rebasing: region[..<byteCount])
                try self.store.read(segment, read.piece.index, units: read.units, into: target)
                return byteCount
            }
            return answer
        }
    }

    /// What is known here of who holds the pieces of segments.
    func holders(_ request: HoldersRequest, for peer: NodeID) async throws -> ByteBuffer {
        try await work.run {
            var known: [HoldersAnswer.Known?] = []
            for id in request.segments {
                guard let record = try? self.record(of: id),
                    try self.mayRead(record, peer, grant: request.grant)
                else {
                    known.append(nil)
                    continue
                }
                let now = self.meshNow
                let statements = try self.statements(of: id).filter { $0.isHolding(now: now) }
                known.append(
                    HoldersAnswer.Known(
                        record: record.bytes,
                        statements: Array(statements.map(\.bytes).prefix(HoldersAnswer.statementsMax))
                    )
                )
            }
            return ByteBuffer(bytes: try HoldersAnswer(segments: known).encoded)
        }
    }
}
