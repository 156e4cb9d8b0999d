import Core
import Logging
import NIOCore
import Objects

/// Makes lost pieces of a segment again from any k that are left, window by window, and stores them elsewhere.
struct SegmentRebuild: Sendable {
    /// Units in a window: with ten pieces fetched and twenty made, some twenty megabytes in memory.
    static let unitsPerWindow = 8
    /// How long the holders are waited for while they learn of the new pieces.
    static let introductionTimeMax = Duration.seconds(5)

    let client: PieceClient
    let search: SegmentSearch
    let reader: SegmentReader
    let coders: CoderCache
    let desk: PieceDesk
    let pace: RepairPace

    struct Outcome: Sendable {
        var statements: [PieceStatement] = []
        /// Targets that did not take their piece.
        var refused: [NodeID] = []
        /// What they said.
        var reasons: [String] = []
    }

    /// - Throws: ``NodeError`` when fewer than k pieces can be reached, or the rebuild was called off.
    func rebuild(
        _ id: SegmentID,
        _ plan: [PiecePlace],
        isCancelled: @Sendable () -> Bool
    ) async throws -> Outcome {
        let (record, renewal) = try await desk.work.run { (try desk.record(of: id), try desk.renewal(of: id)) }
        var known = try await search.find(id, code: record.code, grant: nil)
        let own = try await desk.work.run { try desk.statements(of: id).map(\.bytes) }
        known.merge(own, now: desk.meshNow)
        let coder = try coders.coder(record.code)
        var outcome = Outcome()
        var open = plan
        var start = 0
        while start < record.layout.unitCount, !open.isEmpty {
            guard !isCancelled() else { throw NodeError(.mesh, "the repair was called off") }
            try Task.checkCancellation()
            let units = start..<min(start + Self.unitsPerWindow, record.layout.unitCount)
            try await pace.wait(moved(units, open, known, record.code))
            guard !isCancelled() else { throw NodeError(.mesh, "the repair was called off") }
            let pieces = try await reader.fetch(units, of: known, grant: nil)
            let assembly = PieceAssembly(layout: record.layout, units: units, pieces: pieces, coder: coder)
            let stored = await store(assembly, open, record, renewal)
            try Task.checkCancellation()
            for answer in stored {
                if let statement = answer.statement { outcome.statements.append(statement) }
                if let reason = answer.refusal {
                    outcome.refused.append(answer.place.node)
                    outcome.reasons.append("\(answer.place.node.short): \(reason)")
                }
                if answer.isLast { open.removeAll { $0 == answer.place } }
            }
            start = units.upperBound
        }
        outcome.refused += open.map(\.node)
        await introduce(outcome.statements, known)
        return outcome
    }

    /// Bytes that a window takes over the network: pieces of this node are read and stored here.
    private func moved(_ units: Range<Int>, _ open: [PiecePlace], _ known: KnownSegment, _ code: SegmentCode) -> Int {
        let own = known.statements.statements.count { $0.node == desk.mesh.node }
        let targets = open.count { $0.node != desk.mesh.node }
        return (max(code.dataCount - own, 0) + targets) * units.count * SegmentLayout.unitBytesMax
    }

    /// Brings a piece that is here to another node.
    ///
    /// - Throws: ``NodeError`` or ``TransportError`` when the target does not take it.
    func copy(_ piece: PieceID, of record: SegmentRecord, to target: NodeID) async throws -> PieceStatement {
        let coder = try coders.coder(record.code)
        let place = PiecePlace(piece: piece.index, node: target)
        let renewal = try await desk.work.run { try desk.renewal(of: record.id) }
        for start in stride(from: 0, to: record.layout.unitCount, by: Self.unitsPerWindow) {
            try Task.checkCancellation()
            let units = start..<min(start + Self.unitsPerWindow, record.layout.unitCount)
            let bytes = try await desk.work.run { try desk.store.read(record.id.digest, piece.index, units: units) }
            let assembly = PieceAssembly(
                layout: record.layout,
                units: units,
                pieces: [piece.index: ByteBuffer(bytes: bytes)],
                coder: coder
            )
            if let statement = try await store(assembly, place, record, renewal) { return statement }
        }
        throw NodeError(.mesh, "the node did not state that it holds the piece")
    }

    /// Tells the holders of a segment of new ones.
    func announce(_ fresh: [PieceStatement], known: [PieceStatement], of record: SegmentRecord) async throws {
        var segment = KnownSegment(record)
        segment.merge(known.map(\.bytes), now: desk.meshNow)
        await introduce(fresh, segment)
    }

    /// What became of some units of one piece.
    private struct Stored: Sendable {
        let place: PiecePlace
        /// The target's, once the piece is durable there.
        var statement: PieceStatement?
        var refusal: String?
        /// Nothing more is to be sent there.
        var isLast: Bool { statement != nil || refusal != nil }
    }

    /// Stores some units of several pieces, all at once.
    private func store(
        _ assembly: PieceAssembly,
        _ places: [PiecePlace],
        _ record: SegmentRecord,
        _ renewal: [UInt8]?
    ) async -> [Stored] {
        await withTaskGroup(of: Stored.self) { group in
            for place in places {
                group.addTask {
                    do {
                        return Stored(place: place, statement: try await store(assembly, place, record, renewal))
                    } catch {
                        return Stored(place: place, refusal: "\(error)")
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }

    /// Stores some units of one piece.
    ///
    /// - Returns: The target's statement once the piece is durable there.
    private func store(
        _ assembly: PieceAssembly,
        _ place: PiecePlace,
        _ record: SegmentRecord,
        _ renewal: [UInt8]?
    ) async throws -> PieceStatement? {
        let units = assembly.units
        let head = StorePart.head(
            piece: PieceID(segment: record.id, index: place.piece),
            firstUnit: units.lowerBound,
            pieceByteCount: record.layout.pieceByteCount,
            record: units.lowerBound == 0 ? record.bytes : nil,
            renewal: units.lowerBound == 0 ? renewal : nil
        )
        let part = try await desk.work.run {
            var body = ByteBufferAllocator().buffer(
                capacity: head.count + units.count * SegmentLayout.unitBytesMax
            )
            body.writeBytes(head)
            for unit in units { try assembly.unit(unit, ofPiece: place.piece, into: &body) }
            return body
        }
        let answer = try await client.store(part, at: place.node)
        switch answer.state {
        case .stored, .hadAlready:
            let statement = try answer.statement.map { try PieceStatement(decoding: $0) }
            guard let statement, statement.node == place.node, statement.segment == record.id,
                statement.index == place.piece
            else { throw NodeError(.mesh, "the node did not state that it holds the piece") }
            return statement
        case .wantsMore:
            guard answer.nextUnit == units.upperBound else {
                throw NodeError(.mesh, "the node wants unit \(answer.nextUnit) after unit \(units.upperBound - 1)")
            }
            return nil
        }
    }

    /// Tells the old holders of the new ones, and the new ones of all.
    private func introduce(_ fresh: [PieceStatement], _ known: KnownSegment) async {
        guard !fresh.isEmpty else { return }
        var all = known
        all.merge(fresh.map(\.bytes), now: desk.meshNow)
        search.remember(all)
        await client.introduce(all.statements.statements, within: Self.introductionTimeMax)
    }
}
