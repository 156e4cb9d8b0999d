import Core

/// What two nodes tell each other of pieces, tombstones and leases: the body of a POST to ``path``, and its answer.
///
/// Encoded as a CBOR map; an answer has no "segments". Nothing that it carries is verified yet.
public struct SyncMessage: Hashable, Sendable {
    /// Whether the message asks or answers.
    public enum Direction: Hashable, Sendable {
        case request
        case answer
    }

    public let direction: Direction
    /// ``PieceStatement``s.
    public let statements: [[UInt8]]
    /// ``Tombstone``s.
    public let tombstones: [[UInt8]]
    /// ``LeaseRenewal``s.
    public let renewals: [[UInt8]]
    /// The segments whose statements the other is asked for; none in an answer.
    public let segments: [SegmentID]

    public static let path = "/segment/sync"
    /// Most statements in one message.
    public static let statementsMax = 512
    /// Most tombstones in one message.
    public static let tombstonesMax = 16
    /// Most renewals in one message.
    public static let renewalsMax = 16
    /// Most segments that are asked about in one message.
    public static let segmentsMax = 256
    /// Largest message, in bytes.
    public static let bytesMax = 1_048_576

    /// A request.
    ///
    /// - Throws: ``ObjectsError`` `.tooLarge`.
    public init(
        statements: [[UInt8]],
        tombstones: [[UInt8]],
        renewals: [[UInt8]],
        askingAbout segments: [SegmentID]
    ) throws(ObjectsError) {
        try self.init(.request, statements, tombstones, renewals, segments)
    }

    /// An answer.
    ///
    /// - Throws: ``ObjectsError`` `.tooLarge`.
    public init(
        answering statements: [[UInt8]],
        tombstones: [[UInt8]],
        renewals: [[UInt8]]
    ) throws(ObjectsError) {
        try self.init(.answer, statements, tombstones, renewals, [])
    }

    private init(
        _ direction: Direction,
        _ statements: [[UInt8]],
        _ tombstones: [[UInt8]],
        _ renewals: [[UInt8]],
        _ segments: [SegmentID]
    ) throws(ObjectsError) {
        guard Self.fits(statements, Self.statementsMax, PieceStatement.bytesMax),
            Self.fits(tombstones, Self.tombstonesMax, Tombstone.bytesMax),
            Self.fits(renewals, Self.renewalsMax, LeaseRenewal.bytesMax), segments.count <= Self.segmentsMax
        else {
            throw ObjectsError(
                .tooLarge,
                "a message of \(statements.count) statements, \(tombstones.count) tombstones, \(renewals.count) renewals"
            )
        }
        self.direction = direction
        self.statements = statements
        self.tombstones = tombstones
        self.renewals = renewals
        self.segments = segments
    }

    private static func fits(_ strings: [[UInt8]], _ countMax: Int, _ bytesMax: Int) -> Bool {
        strings.count <= countMax && strings.allSatisfy { $0.count <= bytesMax }
    }

    public var encoded: [UInt8] {
        var fields: [String: CBOR] = [
            "statements": .byteStrings(statements), "tombstones": .byteStrings(tombstones),
            "renewals": .byteStrings(renewals),
        ]
        if direction == .request { fields["segments"] = .segments(segments) }
        return CBOR.map(fields).encoded()
    }

    /// - Throws: ``ObjectsError`` `.malformed` or `.tooLarge`.
    public init(decoding bytes: [UInt8], as direction: Direction) throws(ObjectsError) {
        guard bytes.count <= Self.bytesMax else {
            throw ObjectsError(.tooLarge, "a message on pieces of \(bytes.count) bytes, at most \(Self.bytesMax)")
        }
        do {
            let fields = try CBORFields(decoding: bytes, of: "message on pieces")
            statements = try fields.byteStrings(
                "statements",
                countMax: Self.statementsMax,
                bytesMax: PieceStatement.bytesMax
            )
            tombstones = try fields.byteStrings(
                "tombstones",
                countMax: Self.tombstonesMax,
                bytesMax: Tombstone.bytesMax
            )
            renewals = try fields.byteStrings("renewals", countMax: Self.renewalsMax, bytesMax: LeaseRenewal.bytesMax)
            segments = direction == .request ? try fields.segments("segments", max: Self.segmentsMax) : []
        } catch {
            throw ObjectsError(error, in: "message on pieces")
        }
        self.direction = direction
    }
}
