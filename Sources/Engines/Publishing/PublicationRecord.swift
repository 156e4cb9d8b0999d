import Core

extension SignatureDomain {
    /// What the publisher signs.
    static let publication = SignatureDomain("holdfast/publication/1")
    /// What the sponsoring operator signs: the publisher's envelope.
    static let publicationSponsor = SignatureDomain("holdfast/publication-sponsor/1")
    /// What a holder signs.
    static let holding = SignatureDomain("holdfast/holding/1")
}

/// A ``Publication`` with the bytes that its publisher and its sponsor signed.
///
/// An envelope of the sponsor around an envelope of the publisher around a CBOR map: the sponsor cannot change what the
/// publisher said, and without an admitted sponsor the record spreads nowhere. The bytes are kept as they came, so
/// fields that this version does not know are forwarded.
public struct PublicationRecord: Hashable, Sendable {
    public let publication: Publication
    public let bytes: [UInt8]

    /// Largest record, in bytes.
    public static let bytesMax = 16 * 1024

    /// Signs `publication` with its publisher's and its sponsor's keys.
    ///
    /// - Throws: ``PublishingError`` `.outOfRange` if a key is not the one named, or the record is too large.
    public init(
        signing publication: Publication,
        publisher: SigningKey<PublisherRole>,
        sponsor: SigningKey<OperatorRole>
    ) throws(PublishingError) {
        guard publisher.id == publication.publisher, sponsor.id == publication.sponsor else {
            throw PublishingError(.outOfRange, "a publication is signed by the publisher and the sponsor that it names")
        }
        let payload = publication.payload
        guard payload.count <= Self.bytesMax - 512 else {
            throw PublishingError(
                .outOfRange,
                "a publication of \(payload.count) bytes, at most \(Self.bytesMax - 512)"
            )
        }
        let inner = SignedEnvelope(signing: payload, in: .publication, with: publisher)
        bytes = SignedEnvelope(signing: inner.encoded, in: .publicationSponsor, with: sponsor).encoded
        self.publication = publication
    }

    /// Decodes and verifies both signatures.
    ///
    /// - Throws: ``PublishingError`` `.malformed`, `.badSignature` or `.outOfRange`.
    public init(decoding bytes: [UInt8]) throws(PublishingError) {
        guard bytes.count <= Self.bytesMax else {
            throw PublishingError(.outOfRange, "a publication record of \(bytes.count) bytes, at most \(Self.bytesMax)")
        }
        let fields: Publication.Fields
        let signers: (publisher: PublisherID, sponsor: OperatorID)
        do {
            let outer = try SignedEnvelope<OperatorRole>(decoding: bytes, in: .publicationSponsor)
            let inner = try SignedEnvelope<PublisherRole>(decoding: outer.payload, in: .publication)
            fields = try Publication.Fields(decoding: inner.payload)
            signers = (inner.signer, outer.signer)
        } catch {
            throw PublishingError(error, in: "publication record")
        }
        let publication = try fields.publication()
        guard publication.publisher == signers.publisher, publication.sponsor == signers.sponsor else {
            throw PublishingError(
                .badSignature,
                "publication of \(publication.publisher.short) is signed by others than it names"
            )
        }
        self.publication = publication
        self.bytes = bytes
    }
}

extension Publication {
    /// The deterministic CBOR map that the publisher signs.
    package var payload: [UInt8] {
        var map: [String: CBOR] = [
            "mesh": .link(mesh), "publisher": .bytes(publisher.bytes), "sponsor": .bytes(sponsor.bytes),
            "sequence": .unsigned(sequence), "content": .unsigned(contentSequence),
            "root": root.map { .link($0) } ?? .null, "bytes": .unsigned(byteCount), "copies": .unsigned(UInt64(copies)),
            "lease": .integer(leaseEnd.milliseconds), "ipns": .bytes(ipns),
            "versions": .array(versions.map { .array([.link($0.root), .integer($0.published.milliseconds)]) }),
        ]
        if let label { map["label"] = .text(label) }
        return CBOR.map(map).encoded()
    }

    /// The fields as they were read, before their ranges are checked.
    struct Fields {
        private let mesh: CID
        private let publisher: PublisherID
        private let sponsor: OperatorID
        private let sequence: UInt64
        private let contentSequence: UInt64
        private let root: CID?
        private let byteCount: UInt64
        private let copies: UInt64
        private let leaseEnd: Instant
        private let versions: [SiteVersion]
        private let ipns: [UInt8]
        private let label: String?

        init(decoding payload: [UInt8]) throws(CoreError) {
            let fields = try CBORFields(decoding: payload, of: "publication record")
            mesh = try fields.link("mesh")
            publisher = try fields.key("publisher")
            sponsor = try fields.key("sponsor")
            sequence = try fields.unsigned("sequence")
            contentSequence = try fields.unsigned("content")
            root = try fields.value("root") == .null ? nil : fields.link("root")
            byteCount = try fields.unsigned("bytes")
            copies = try fields.unsigned("copies", max: UInt64(Publication.copiesMax))
            leaseEnd = try fields.instant("lease")
            ipns = try fields.bytes("ipns", max: Publication.ipnsBytesMax)
            label = fields.optional("label") == nil ? nil : try fields.text("label", max: Publication.labelBytesMax)
            var versions: [SiteVersion] = []
            for item in try fields.array("versions", max: SiteVersion.countMax) {
                versions.append(try Self.version(item))
            }
            self.versions = versions
        }

        private static func version(_ item: CBOR) throws(CoreError) -> SiteVersion {
            guard case .array(let pair) = item, pair.count >= 2, case .link(let root) = pair[0],
                case .unsigned(let published) = pair[1], published <= UInt64(Int64.max)
            else { throw CoreError(.invalid, "a version of a publication record is a link and a time") }
            return SiteVersion(root: root, published: Instant(milliseconds: Int64(published)))
        }

        func publication() throws(PublishingError) -> Publication {
            try Publication(
                mesh: mesh,
                publisher: publisher,
                sponsor: sponsor,
                sequence: sequence,
                contentSequence: contentSequence,
                root: root,
                byteCount: byteCount,
                copies: Int(copies),
                leaseEnd: leaseEnd,
                versions: versions,
                ipns: ipns,
                label: label
            )
        }
    }
}
