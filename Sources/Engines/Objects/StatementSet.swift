import Core

/// What is known of who holds the pieces of one segment: of each piece and node the statement with the highest version.
///
/// Statements merge in any order to the same set as long as there are at most ``statementsMax``.
public struct StatementSet: Hashable, Sendable {
    /// What became of a statement that was merged.
    public enum Merge: Hashable, Sendable {
        /// New, or newer than what was known.
        case taken
        /// Known already, or older than what is known.
        case known
        /// The set is full and has no worse statement to drop.
        case full
    }

    private struct Slot: Hashable, Comparable {
        let index: Int
        let node: NodeID

        static func < (lhs: Slot, rhs: Slot) -> Bool {
            lhs.index != rhs.index ? lhs.index < rhs.index : lhs.node < rhs.node
        }
    }

    public let mesh: CID
    public let segment: SegmentID
    public let code: SegmentCode
    private var slots: [Slot: PieceStatement] = [:]

    /// Most statements that are kept.
    public var statementsMax: Int { Self.statementsPerPieceMax * code.totalCount }
    /// Most statements that are kept, as many as the segment has pieces times this.
    public static let statementsPerPieceMax = 4

    public init(mesh: CID, segment: SegmentID, code: SegmentCode) {
        self.mesh = mesh
        self.segment = segment
        self.code = code
    }

    /// An empty set for the segment of `record`.
    public init(of record: SegmentRecord) {
        self.init(mesh: record.mesh, segment: record.id, code: record.code)
    }

    public var count: Int { slots.count }

    /// All statements, by piece and then by node.
    public var statements: [PieceStatement] { slots.keys.sorted().compactMap { slots[$0] } }

    /// The highest version of what `node` said of piece `index`.
    public func statement(of node: NodeID, index: Int) -> PieceStatement? { slots[Slot(index: index, node: node)] }

    /// Takes in a statement, whose signature was verified when it was decoded.
    ///
    /// When the set is full, a statement that counts no more makes room, else one of the node that said the most: so a few
    /// nodes cannot keep others out by claiming every piece.
    /// - Throws: ``ObjectsError`` `.mismatch` for another mesh or segment, or a piece that the segment does not have.
    public mutating func merge(_ statement: PieceStatement, now: Instant) throws(ObjectsError) -> Merge {
        guard statement.mesh == mesh, statement.segment == segment, statement.index < code.totalCount else {
            throw ObjectsError(.mismatch, "a statement on \(statement.piece) is none on a piece of \(segment)")
        }
        let slot = Slot(index: statement.index, node: statement.node)
        if let known = slots[slot] {
            guard statement.supersedes(known) else { return .known }
        } else if slots.count >= statementsMax {
            guard let victim = victim(for: statement, now: now) else { return .full }
            slots[victim] = nil
        }
        slots[slot] = statement
        return .taken
    }

    /// Forgets statements that ended before `now`; withdrawals stay until their time, so that older claims stay beaten.
    public mutating func forget(endedBefore now: Instant) {
        slots = slots.filter { $0.value.until >= now }
    }

    private func victim(for statement: PieceStatement, now: Instant) -> Slot? {
        let isHolding = statement.isHolding(now: now)
        let order = slots.keys.sorted()
        if let void = order.first(where: { slots[$0]?.isHolding(now: now) == false }) { return isHolding ? void : nil }
        var counts: [NodeID: Int] = [:]
        for slot in order { counts[slot.node, default: 0] += 1 }
        let own = counts[statement.node, default: 0]
        let most = order.max { counts[$0.node, default: 0] < counts[$1.node, default: 0] }
        guard isHolding, let most, counts[most.node, default: 0] > own + 1 else { return nil }
        return most
    }
}

extension StatementSet {
    /// Who holds each piece now, by index; pieces that nobody holds are absent.
    public func holders(now: Instant) -> [Int: [NodeID]] {
        var holders: [Int: [NodeID]] = [:]
        for statement in statements where statement.isHolding(now: now) {
            holders[statement.index, default: []].append(statement.node)
        }
        return holders
    }

    /// The pieces that nobody holds now, in order: the segment's debt.
    public func missing(now: Instant) -> [Int] {
        let holders = holders(now: now)
        return (0..<code.totalCount).filter { holders[$0] == nil }
    }

    /// The CBOR array of the statements' bytes, by piece and then by node.
    public var encoded: [UInt8] { CBOR.byteStrings(statements.map(\.bytes)).encoded() }

    /// Decodes and verifies every statement.
    ///
    /// - Throws: ``ObjectsError`` `.malformed` when they are out of order or repeated, `.badSignature`, `.mismatch` or
    ///   `.tooLarge`.
    public init(decoding bytes: [UInt8], mesh: CID, segment: SegmentID, code: SegmentCode) throws(ObjectsError) {
        self.init(mesh: mesh, segment: segment, code: code)
        let items: [CBOR]
        do throws(CoreError) {
            guard case .array(let array) = try CBOR(decoding: bytes) else {
                throw CoreError(.invalid, "statements are an array")
            }
            items = array
        } catch {
            throw ObjectsError(error, in: "set of statements")
        }
        guard items.count <= statementsMax else {
            throw ObjectsError(.tooLarge, "\(items.count) statements on a segment, at most \(statementsMax)")
        }
        var last: Slot?
        for item in items {
            guard case .bytes(let bytes) = item else {
                throw ObjectsError(.malformed, "a set of statements holds more than statements")
            }
            let statement = try PieceStatement(decoding: bytes)
            let slot = Slot(index: statement.index, node: statement.node)
            if let last, last >= slot {
                throw ObjectsError(.malformed, "the statements on \(segment) are not in order")
            }
            _ = try merge(statement, now: .distantPast)
            last = slot
        }
    }
}
