import Core

/// "What do you know of these segments?": the body of a POST to ``path``, answered with a ``HoldersAnswer``.
///
/// Encoded as a CBOR map.
public struct HoldersRequest: Hashable, Sendable {
    public let segments: [SegmentID]
    /// A ``Grant``, not yet verified.
    public let grant: [UInt8]?

    public static let path = "/segment/holders"
    /// Most segments in one request.
    public static let segmentsMax = 64
    /// Largest request, in bytes.
    public static let bytesMax = 4_096

    /// - Throws: ``ObjectsError`` `.tooLarge`.
    public init(segments: [SegmentID], grant: [UInt8]?) throws(ObjectsError) {
        guard segments.count <= Self.segmentsMax, grant?.count ?? 0 <= Grant.bytesMax else {
            throw ObjectsError(.tooLarge, "\(segments.count) segments are asked about, at most \(Self.segmentsMax)")
        }
        self.segments = segments
        self.grant = grant
    }

    public var encoded: [UInt8] {
        CBOR.map(["segments": .segments(segments), "grant": .bytesOrNull(grant)]).encoded()
    }

    /// - Throws: ``ObjectsError`` `.malformed` or `.tooLarge`.
    public init(decoding bytes: [UInt8]) throws(ObjectsError) {
        guard bytes.count <= Self.bytesMax else {
            throw ObjectsError(.tooLarge, "a request for holders of \(bytes.count) bytes, at most \(Self.bytesMax)")
        }
        do {
            let fields = try CBORFields(decoding: bytes, of: "request for holders")
            segments = try fields.segments("segments", max: Self.segmentsMax)
            grant = try fields.bytesOrNull("grant", max: Grant.bytesMax)
        } catch {
            throw ObjectsError(error, in: "request for holders")
        }
    }
}

/// The answer to a ``HoldersRequest``: for each segment, in the order of the request, what the node knows.
///
/// Encoded as a CBOR array of null or maps.
public struct HoldersAnswer: Hashable, Sendable {
    /// What a node knows of one segment; nothing in it is verified yet.
    public struct Known: Hashable, Sendable {
        /// A ``SegmentRecord``.
        public let record: [UInt8]
        /// ``PieceStatement``s.
        public let statements: [[UInt8]]

        public init(record: [UInt8], statements: [[UInt8]]) {
            self.record = record
            self.statements = statements
        }
    }

    /// One entry per segment of the request; `nil` where the node knows nothing or may not say.
    public let segments: [Known?]

    /// Largest answer, in bytes: ask about fewer segments where they have many pieces.
    public static let bytesMax = 4 * 1_048_576
    /// Most statements on one segment.
    public static let statementsMax = StatementSet.statementsPerPieceMax * SegmentCode.totalCountMax

    /// - Throws: ``ObjectsError`` `.tooLarge` for more than fits in an answer.
    public init(segments: [Known?]) throws(ObjectsError) {
        var byteCount = 16
        var isAllowed = segments.count <= HoldersRequest.segmentsMax
        for case let known? in segments {
            isAllowed =
                isAllowed && known.record.count <= SegmentRecord.bytesMax
                && known.statements.count <= Self.statementsMax
                && known.statements.allSatisfy { $0.count <= PieceStatement.bytesMax }
            byteCount += 64 + known.record.count + known.statements.reduce(0) { $0 + $1.count + 4 }
        }
        guard isAllowed, byteCount <= Self.bytesMax else {
            throw ObjectsError(.tooLarge, "an answer on \(segments.count) segments of \(byteCount) bytes")
        }
        self.segments = segments
    }

    public var encoded: [UInt8] {
        CBOR.array(
            segments.map { known in
                guard let known else { return .null }
                return .map(["record": .bytes(known.record), "statements": .byteStrings(known.statements)])
            }
        ).encoded()
    }

    /// Decodes the answer to a request for `count` segments.
    ///
    /// - Throws: ``ObjectsError`` `.malformed` or `.tooLarge`.
    public init(decoding bytes: [UInt8], count: Int) throws(ObjectsError) {
        guard bytes.count <= Self.bytesMax else {
            throw ObjectsError(.tooLarge, "an answer on segments of \(bytes.count) bytes, at most \(Self.bytesMax)")
        }
        var known: [Known?] = []
        do throws(CoreError) {
            guard case .array(let items) = try CBOR(decoding: bytes), items.count == count else {
                throw CoreError(.invalid, "not an array of \(count) entries")
            }
            for item in items { known.append(try Self.known(item)) }
        } catch {
            throw ObjectsError(error, in: "answer on segments")
        }
        segments = known
    }

    private static func known(_ item: CBOR) throws(CoreError) -> Known? {
        guard item != .null else { return nil }
        let fields = try CBORFields(item, of: "answer on segments")
        return Known(
            record: try fields.bytes("record", max: SegmentRecord.bytesMax),
            statements: try fields.byteStrings(
                "statements",
                countMax: statementsMax,
                bytesMax: PieceStatement.bytesMax
            )
        )
    }
}
