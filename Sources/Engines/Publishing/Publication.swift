import Core

/// A site as its publisher states it: where its name points, what is kept, how often and until when.
public struct Publication: Hashable, Sendable {
    public let mesh: CID
    public let publisher: PublisherID
    /// The admitted operator that answers for the site: the one whose node published it.
    public let sponsor: OperatorID
    /// Strictly growing; the highest one is valid.
    public let sequence: UInt64
    /// The sequence that last added a version. Who holds what that one lists holds all that is listed now, so a renewal
    /// makes nobody copy anything.
    public let contentSequence: UInt64
    /// The current root; `nil` when the site was unpublished.
    public let root: CID?
    /// Bytes of one whole copy, for finding room and for judging how long a copy takes.
    public let byteCount: UInt64
    /// Whole copies wanted, on different operators.
    public let copies: Int
    /// From then on nobody keeps anything of the site.
    public let leaseEnd: Instant
    /// What stays addressable, newest first, the current root included; empty when unpublished.
    public let versions: [SiteVersion]
    /// The IPNS record of the name as the publisher signed it; opaque here.
    public let ipns: [UInt8]
    /// The name that the publisher's user gave the site.
    public let label: String?

    /// Largest IPNS record, in bytes (its standard's own limit).
    public static let ipnsBytesMax = 10 * 1024
    /// Longest label, in UTF-8 bytes.
    public static let labelBytesMax = 64
    /// Most copies that can be wanted.
    public static let copiesMax = 32
    /// Copies wanted unless the publisher says otherwise.
    public static let copiesDefault = 5
    /// How long a site is kept unless its publisher renews it.
    public static let leaseDefault: Duration = .seconds(90 * 86_400)
    /// The end of a lease lies at most this far ahead.
    public static let leaseMax: Duration = .seconds(400 * 86_400)
    /// Largest site, in bytes.
    public static let byteCountMax = UInt64(1) << 53

    public var isPublished: Bool { root != nil }

    /// The roots that a holder keeps at `now`: none after the lease or when unpublished.
    public func retainedRoots(at now: Instant) -> [CID] {
        guard isPublished, now < leaseEnd else { return [] }
        return SiteVersion.retained(of: versions, at: now).map(\.root)
    }

    /// A publication whose every field lies in its range.
    ///
    /// - Throws: ``PublishingError`` `.outOfRange`, naming the field, what was seen and the limit.
    public init(
        mesh: CID,
        publisher: PublisherID,
        sponsor: OperatorID,
        sequence: UInt64,
        contentSequence: UInt64,
        root: CID?,
        byteCount: UInt64,
        copies: Int,
        leaseEnd: Instant,
        versions: [SiteVersion],
        ipns: [UInt8],
        label: String?
    ) throws(PublishingError) {
        self.mesh = mesh
        self.publisher = publisher
        self.sponsor = sponsor
        self.sequence = sequence
        self.contentSequence = contentSequence
        self.root = root
        self.byteCount = byteCount
        self.copies = copies
        self.leaseEnd = leaseEnd
        self.versions = versions
        self.ipns = ipns
        self.label = label
        try validateNumbers()
        try validateVersions()
    }

    private func validateNumbers() throws(PublishingError) {
        guard contentSequence <= sequence else {
            throw PublishingError(.outOfRange, "content sequence \(contentSequence) is above sequence \(sequence)")
        }
        guard (1...Self.copiesMax).contains(copies) else {
            throw PublishingError(
                .outOfRange,
                "\(copies) copies are wanted, between 1 and \(Self.copiesMax) are allowed"
            )
        }
        guard byteCount <= Self.byteCountMax else {
            throw PublishingError(.outOfRange, "a site of \(byteCount) bytes, at most \(Self.byteCountMax)")
        }
        guard ipns.count <= Self.ipnsBytesMax else {
            throw PublishingError(.outOfRange, "an IPNS record of \(ipns.count) bytes, at most \(Self.ipnsBytesMax)")
        }
        guard let label else { return }
        guard (1...Self.labelBytesMax).contains(label.utf8.count) else {
            throw PublishingError(
                .outOfRange,
                "a label of \(label.utf8.count) bytes, between 1 and \(Self.labelBytesMax) are allowed"
            )
        }
        guard label.unicodeScalars.allSatisfy({ $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }) else {
            throw PublishingError(.outOfRange, "a label with control characters; choose another name")
        }
    }

    private func validateVersions() throws(PublishingError) {
        guard versions.count <= SiteVersion.countMax else {
            throw PublishingError(.outOfRange, "\(versions.count) versions, at most \(SiteVersion.countMax)")
        }
        guard versions.first?.root == root else {
            throw PublishingError(.outOfRange, "the newest version is not the current root")
        }
        guard Set(versions.map(\.root)).count == versions.count else {
            throw PublishingError(.outOfRange, "a version is listed twice")
        }
        for (newer, older) in zip(versions, versions.dropFirst()) where newer.published < older.published {
            throw PublishingError(.outOfRange, "versions are not listed newest first")
        }
        for version in versions {
            guard case .sha256 = version.root.hash, version.root.version == 1 else {
                throw PublishingError(.outOfRange, "root \(version.root) is not a CIDv1 with sha2-256")
            }
        }
    }
}
