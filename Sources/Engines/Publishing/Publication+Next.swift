import Core

/// What a publisher decides when it publishes; everything else follows from the previous record.
public struct PublishOrder: Hashable, Sendable {
    public var root: CID
    public var byteCount: UInt64
    public var copies: Int
    public var lease: Duration
    public var ipns: [UInt8]
    public var label: String?

    public init(
        root: CID,
        byteCount: UInt64,
        copies: Int = Publication.copiesDefault,
        lease: Duration = Publication.leaseDefault,
        ipns: [UInt8],
        label: String? = nil
    ) {
        self.root = root
        self.byteCount = byteCount
        self.copies = copies
        self.lease = lease
        self.ipns = ipns
        self.label = label
    }
}

extension Publication {
    /// The sequence after `previous`: the time in milliseconds, or one more if that is not higher.
    ///
    /// So a publisher that lost its state never falls behind its own records. The IPNS record takes the same number.
    public static func nextSequence(after previous: UInt64?, now: Instant) -> UInt64 {
        let clock = UInt64(max(now.milliseconds, 1))
        guard let previous else { return clock }
        return max(clock, previous == .max ? .max : previous + 1)
    }

    /// The first publication of a site, or the next one with `order.root` as its newest version.
    ///
    /// An unchanged root only renews: no holder has to copy. Older versions go as ``SiteVersion/retained(of:at:)`` says.
    ///
    /// - Parameter sequence: ``nextSequence(after:now:)``, chosen by the caller because the IPNS record carries it too.
    /// - Throws: ``PublishingError`` `.outOfRange`.
    public static func publishing(
        _ order: PublishOrder,
        mesh: CID,
        publisher: PublisherID,
        sponsor: OperatorID,
        after previous: Publication?,
        sequence: UInt64,
        now: Instant
    ) throws(PublishingError) -> Publication {
        try requireHigher(sequence, than: previous)
        let older = previous?.versions ?? []
        let isUnchanged = previous?.root == order.root
        let published = max(now, older.first?.published ?? now)  // a clock that went back leaves the order intact
        let versions =
            isUnchanged
            ? older : [SiteVersion(root: order.root, published: published)] + older.filter { $0.root != order.root }
        return try Publication(
            mesh: mesh,
            publisher: publisher,
            sponsor: sponsor,
            sequence: sequence,
            contentSequence: isUnchanged ? previous?.contentSequence ?? sequence : sequence,
            root: order.root,
            byteCount: order.byteCount,
            copies: order.copies,
            leaseEnd: now + order.lease,
            versions: SiteVersion.retained(of: versions, at: now),
            ipns: order.ipns,
            label: order.label
        )
    }

    /// The same content with a fresh IPNS record and a lease that ends `lease` from now, or later if it did already.
    public func renewed(
        ipns: [UInt8],
        lease: Duration = leaseDefault,
        sequence: UInt64,
        now: Instant
    ) throws(PublishingError) -> Publication {
        try Self.requireHigher(sequence, than: self)
        return try Publication(
            mesh: mesh,
            publisher: publisher,
            sponsor: sponsor,
            sequence: sequence,
            contentSequence: contentSequence,
            root: root,
            byteCount: byteCount,
            copies: copies,
            leaseEnd: max(leaseEnd, now + lease),
            versions: SiteVersion.retained(of: versions, at: now),
            ipns: ipns,
            label: label
        )
    }

    /// The end of the site: no root, no versions. The record lives until the lease ends, so that no older one comes back.
    public func unpublished(ipns: [UInt8], sequence: UInt64) throws(PublishingError) -> Publication {
        try Self.requireHigher(sequence, than: self)
        return try Publication(
            mesh: mesh,
            publisher: publisher,
            sponsor: sponsor,
            sequence: sequence,
            contentSequence: sequence,
            root: nil,
            byteCount: 0,
            copies: copies,
            leaseEnd: leaseEnd,
            versions: [],
            ipns: ipns,
            label: label
        )
    }

    private static func requireHigher(_ sequence: UInt64, than previous: Publication?) throws(PublishingError) {
        guard let previous, sequence <= previous.sequence else { return }
        throw PublishingError(.outOfRange, "sequence \(sequence) is not above \(previous.sequence), the last one")
    }
}
