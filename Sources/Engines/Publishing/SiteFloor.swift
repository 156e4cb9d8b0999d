import Core

/// The durable floor of a site as its publisher states it: in which segments the site's archive is coded.
///
/// The archive is a CAR v1 stream of every version that the publication lists, newest first, each block once; for a site of
/// one version it is what `export` writes. Its bytes lie in the segments in order, each but the last full.
public struct SiteFloor: Hashable, Sendable {
    /// One segment of the archive, as far as a reader has to know of it to find its pieces.
    public struct Segment: Hashable, Sendable {
        /// The digest that names the segment.
        public let id: Digest
        /// How many pieces rebuild it.
        public let k: UInt8
        /// How many pieces there are.
        public let n: UInt8

        public init(id: Digest, k: UInt8, n: UInt8) {
            self.id = id
            self.k = k
            self.n = n
        }
    }

    public let mesh: CID
    public let publisher: PublisherID
    /// The admitted operator whose quota the record counts against.
    public let sponsor: OperatorID
    /// Strictly growing; the highest one is valid.
    public let sequence: UInt64
    /// The versions in the archive, newest first; empty when there is no floor any more.
    public let roots: [CID]
    /// Bytes of the archive.
    public let byteCount: UInt64
    /// Where the archive lies, in its order; empty when there is no floor any more.
    public let segments: [Segment]
    /// From then on the record is void.
    public let leaseEnd: Instant

    /// Bytes of the archive in each segment but the last: 64 MiB.
    public static let segmentBytes: UInt64 = 67_108_864
    /// Most segments of one floor, so that its record stays within what the directory takes.
    public static let segmentsMax = 256
    /// Largest archive, in bytes: 16 GiB. A larger site has whole copies and no floor.
    public static let byteCountMax = UInt64(segmentsMax) * segmentBytes

    /// Whether there is no floor (any more).
    public var isEmpty: Bool { roots.isEmpty }

    /// Segments that an archive of `byteCount` bytes takes.
    public static func segmentCount(of byteCount: UInt64) -> UInt64 { (byteCount + segmentBytes - 1) / segmentBytes }

    /// Whether everything that a holder of `publication` keeps at `now` is in the archive.
    public func covers(_ publication: Publication, at now: Instant) -> Bool {
        guard publication.isPublished, publication.publisher == publisher, now < leaseEnd else { return false }
        return Self.covers(roots, publication, at: now)
    }

    static func covers(_ roots: [CID], _ publication: Publication, at now: Instant) -> Bool {
        let wanted = publication.retainedRoots(at: now)
        return !wanted.isEmpty && Set(roots).isSuperset(of: wanted)
    }

    /// A floor whose every field lies in its range.
    ///
    /// - Throws: ``PublishingError`` `.outOfRange`, naming the field, what was seen and the limit.
    public init(
        mesh: CID,
        publisher: PublisherID,
        sponsor: OperatorID,
        sequence: UInt64,
        roots: [CID],
        byteCount: UInt64,
        segments: [Segment],
        leaseEnd: Instant
    ) throws(PublishingError) {
        self.mesh = mesh
        self.publisher = publisher
        self.sponsor = sponsor
        self.sequence = sequence
        self.roots = roots
        self.byteCount = byteCount
        self.segments = segments
        self.leaseEnd = leaseEnd
        try validateRoots()
        try validateSegments()
    }

    private func validateRoots() throws(PublishingError) {
        guard roots.count <= SiteVersion.countMax else {
            throw PublishingError(.outOfRange, "a floor of \(roots.count) versions, at most \(SiteVersion.countMax)")
        }
        guard Set(roots).count == roots.count else {
            throw PublishingError(.outOfRange, "a floor lists a version twice")
        }
        for root in roots {
            guard case .sha256 = root.hash, root.version == 1 else {
                throw PublishingError(.outOfRange, "root \(root) of a floor is not a CIDv1 with sha2-256")
            }
        }
    }

    private func validateSegments() throws(PublishingError) {
        guard byteCount <= Self.byteCountMax else {
            throw PublishingError(.outOfRange, "a floor of \(byteCount) bytes, at most \(Self.byteCountMax)")
        }
        guard roots.isEmpty == (byteCount == 0), UInt64(segments.count) == Self.segmentCount(of: byteCount) else {
            throw PublishingError(
                .outOfRange,
                "a floor of \(roots.count) versions and \(byteCount) bytes in \(segments.count) segments"
            )
        }
        guard Set(segments.map(\.id)).count == segments.count else {
            throw PublishingError(.outOfRange, "a floor lists a segment twice")
        }
        for segment in segments where segment.k < 1 || segment.k > segment.n {
            throw PublishingError(.outOfRange, "no segment of a floor has \(segment.k) of \(segment.n) pieces")
        }
    }
}

extension SiteFloor {
    public var header: RecordHeader {
        RecordHeader(
            key: RecordKey(kind: .floor, subject: publisher.bytes),
            version: sequence,
            expires: leaseEnd,
            sponsor: sponsor
        )
    }
}
