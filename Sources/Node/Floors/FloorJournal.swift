import Core
import Objects
import Publishing
import RecordStore

/// What this node knows of the floors of its own sites, across restarts: what is stored, what is being stored, and what is
/// still to be removed.
package struct FloorJournal: Sendable {
    /// Names of settings of this journal begin with it.
    static let prefix = "floor/site/"
    /// Names of settings of segments that no floor mentions yet begin with it.
    static let unnamedPrefix = "floor/unnamed/"

    /// An archive in segments, or the first of them.
    package struct Archive: Hashable, Sendable {
        let roots: [CID]
        let byteCount: UInt64
        /// In the archive's order.
        var segments: [SiteFloor.Segment] = []

        var isComplete: Bool { UInt64(segments.count) == SiteFloor.segmentCount(of: byteCount) }
    }

    /// All of one site; written in one piece, so that no segment is ever nobody's.
    package struct Entry: Hashable, Sendable {
        var stored: Archive?
        var storing: Archive?
        /// Segments that no floor needs any more and that have no tombstone yet.
        var removing: [SiteFloor.Segment] = []

        /// Most segments that wait for their tombstone: the list grows while nobody can be told.
        static let removingMax = 1 << 20

        var isEmpty: Bool { stored == nil && storing == nil && removing.isEmpty }

        /// Every segment that must not be taken for nobody's.
        var segments: [SiteFloor.Segment] { (stored?.segments ?? []) + (storing?.segments ?? []) + removing }
    }

    let records: RecordStore

    /// - Throws: ``RecordStoreError``, and ``CoreError`` for an entry that makes no sense.
    func entry(of publisher: PublisherID) throws -> Entry {
        try records.setting(Self.name(publisher)).map { try Self.decode($0) } ?? Entry()
    }

    /// Everything that floors of this node mention.
    func segments() throws -> Set<Digest> {
        Set(try records.settings(prefix: Self.prefix).flatMap { try Self.decode($0.value).segments.map(\.id) })
    }

    func set(_ entry: Entry, of publisher: PublisherID) throws {
        try records.set(Self.name(publisher), to: entry.isEmpty ? nil : Self.encode(entry))
    }

    private static func name(_ publisher: PublisherID) -> String { prefix + publisher.description }

    // MARK: - Coding

    private static func encode(_ entry: Entry) -> [UInt8] {
        CBOR.map([
            "stored": entry.stored.map(encode) ?? .null, "storing": entry.storing.map(encode) ?? .null,
            "removing": .array(entry.removing.map(\.cbor)),
        ]).encoded()
    }

    private static func encode(_ archive: Archive) -> CBOR {
        .map([
            "roots": .array(archive.roots.map(CBOR.link)), "bytes": .unsigned(archive.byteCount),
            "segments": .array(archive.segments.map(\.cbor)),
        ])
    }

    package static func decode(_ bytes: [UInt8]) throws -> Entry {
        let fields = try CBORFields(decoding: bytes, of: "floor journal")
        return Entry(
            stored: try archive(fields.value("stored")),
            storing: try archive(fields.value("storing")),
            removing: try fields.array("removing", max: Entry.removingMax).map { try SiteFloor.Segment(cbor: $0) }
        )
    }

    private static func archive(_ value: CBOR) throws -> Archive? {
        guard case .map(let fields) = value else { return nil }
        guard case .array(let roots) = fields["roots"], case .unsigned(let bytes) = fields["bytes"],
            case .array(let segments) = fields["segments"]
        else { throw CoreError(.invalid, "an archive of a floor journal has roots, bytes and segments") }
        return Archive(
            roots: try roots.map { item in
                guard case .link(let root) = item else { throw CoreError(.invalid, "a root of a floor is a link") }
                return root
            },
            byteCount: bytes,
            segments: try segments.map { try SiteFloor.Segment(cbor: $0) }
        )
    }
}

extension SiteFloor.Segment {
    init(_ record: SegmentRecord) {
        self.init(
            id: record.id.digest,
            k: UInt8(clamping: record.code.dataCount),
            n: UInt8(clamping: record.code.totalCount)
        )
    }
}
