import Core

/// What a node answers to a ``StorePart``.
///
/// Encoded as the CBOR array `[state, next unit wanted, statement (bytes) or null]`.
public struct StoreAnswer: Hashable, Sendable {
    public enum State: UInt64, Hashable, Sendable {
        /// The part was taken; more of the piece is wanted.
        case wantsMore = 0
        /// The whole piece is verified and durable.
        case stored = 1
        /// The piece was there before.
        case hadAlready = 2
    }

    public let state: State
    /// The unit to go on with; where the piece is complete, the number of its units.
    public let nextUnit: Int
    /// The node's ``PieceStatement``, not yet verified.
    public let statement: [UInt8]?

    /// Largest answer, in bytes.
    public static let bytesMax = PieceStatement.bytesMax + 32

    public init(state: State, nextUnit: Int, statement: [UInt8]?) {
        self.state = state
        self.nextUnit = nextUnit
        self.statement = statement
    }

    public var encoded: [UInt8] {
        CBOR.array([.unsigned(state.rawValue), .int(nextUnit), .bytesOrNull(statement)]).encoded()
    }

    /// - Throws: ``ObjectsError`` `.malformed`, `.outOfRange` or `.tooLarge`.
    public init(decoding bytes: [UInt8]) throws(ObjectsError) {
        guard bytes.count <= Self.bytesMax else {
            throw ObjectsError(.tooLarge, "an answer of \(bytes.count) bytes, at most \(Self.bytesMax)")
        }
        let parts: [CBOR]
        do throws(CoreError) {
            guard case .array(let array) = try CBOR(decoding: bytes) else {
                throw CoreError(.invalid, "not an array")
            }
            parts = array
        } catch {
            throw ObjectsError(error, in: "store answer")
        }
        guard parts.count == 3, case .unsigned(let code) = parts[0], let state = State(rawValue: code),
            case .unsigned(let next) = parts[1], next <= UInt64(SegmentLayout.unitCountMax)
        else { throw ObjectsError(.malformed, "a store answer is a state, a unit and a statement") }
        switch parts[2] {
        case .null: statement = nil
        case .bytes(let bytes) where bytes.count <= PieceStatement.bytesMax: statement = bytes
        default: throw ObjectsError(.malformed, "the statement of a store answer is none")
        }
        self.state = state
        nextUnit = Int(next)
    }
}
