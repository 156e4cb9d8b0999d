import Core

extension SignatureDomain {
    /// What the publisher signs.
    static let floor = SignatureDomain("holdfast/floor/1")
    /// What the sponsoring operator signs: the publisher's envelope.
    static let floorSponsor = SignatureDomain("holdfast/floor-sponsor/1")
}

/// A ``SiteFloor`` with the bytes that its publisher and its sponsor signed.
///
/// An envelope of the sponsor around an envelope of the publisher around a CBOR map, as with ``PublicationRecord``; fields
/// that this version does not know are forwarded because the bytes are kept.
public struct FloorRecord: Hashable, Sendable {
    public let floor: SiteFloor
    public let bytes: [UInt8]

    /// Largest record, in bytes; 64 versions in 256 segments take about 13,500.
    public static let bytesMax = 16 * 1024

    /// Signs `floor` with its publisher's and its sponsor's keys.
    ///
    /// - Throws: ``PublishingError`` `.outOfRange` if a key is not the one named, or the record is too large.
    public init(
        signing floor: SiteFloor,
        publisher: SigningKey<PublisherRole>,
        sponsor: SigningKey<OperatorRole>
    ) throws(PublishingError) {
        guard publisher.id == floor.publisher, sponsor.id == floor.sponsor else {
            throw PublishingError(.outOfRange, "a floor is signed by the publisher and the sponsor that it names")
        }
        let inner = SignedEnvelope(signing: floor.payload, in: .floor, with: publisher)
        bytes = SignedEnvelope(signing: inner.encoded, in: .floorSponsor, with: sponsor).encoded
        guard bytes.count <= Self.bytesMax else {
            throw PublishingError(.outOfRange, "a floor record of \(bytes.count) bytes, at most \(Self.bytesMax)")
        }
        self.floor = floor
    }

    /// Decodes and verifies both signatures.
    ///
    /// - Throws: ``PublishingError`` `.malformed`, `.badSignature` or `.outOfRange`.
    public init(decoding bytes: [UInt8]) throws(PublishingError) {
        guard bytes.count <= Self.bytesMax else {
            throw PublishingError(.outOfRange, "a floor record of \(bytes.count) bytes, at most \(Self.bytesMax)")
        }
        let fields: SiteFloor.Fields
        let signers: (publisher: PublisherID, sponsor: OperatorID)
        do {
            let outer = try SignedEnvelope<OperatorRole>(decoding: bytes, in: .floorSponsor)
            let inner = try SignedEnvelope<PublisherRole>(decoding: outer.payload, in: .floor)
            fields = try SiteFloor.Fields(decoding: inner.payload)
            signers = (inner.signer, outer.signer)
        } catch {
            throw PublishingError(error, in: "floor record")
        }
        let floor = try fields.floor()
        guard floor.publisher == signers.publisher, floor.sponsor == signers.sponsor else {
            throw PublishingError(
                .badSignature,
                "a floor of \(floor.publisher.short) is signed by others than it names"
            )
        }
        self.floor = floor
        self.bytes = bytes
    }
}

extension SiteFloor {
    /// The deterministic CBOR map that the publisher signs.
    package var payload: [UInt8] {
        CBOR.map([
            "mesh": .link(mesh), "publisher": .bytes(publisher.bytes), "sponsor": .bytes(sponsor.bytes),
            "sequence": .unsigned(sequence), "roots": .array(roots.map(CBOR.link)), "bytes": .unsigned(byteCount),
            "segments": .array(segments.map(\.cbor)), "lease": .integer(leaseEnd.milliseconds),
        ]).encoded()
    }

    /// The fields as they were read, before their ranges are checked.
    struct Fields {
        private let mesh: CID
        private let publisher: PublisherID
        private let sponsor: OperatorID
        private let sequence: UInt64
        private let roots: [CID]
        private let byteCount: UInt64
        private let segments: [Segment]
        private let leaseEnd: Instant

        init(decoding payload: [UInt8]) throws(CoreError) {
            let fields = try CBORFields(decoding: payload, of: "floor record")
            mesh = try fields.link("mesh")
            publisher = try fields.key("publisher")
            sponsor = try fields.key("sponsor")
            sequence = try fields.unsigned("sequence")
            byteCount = try fields.unsigned("bytes", max: SiteFloor.byteCountMax)
            leaseEnd = try fields.instant("lease")
            var roots: [CID] = []
            for item in try fields.array("roots", max: SiteVersion.countMax) {
                guard case .link(let root) = item else {
                    throw CoreError(.invalid, "a version of a floor record is a link")
                }
                roots.append(root)
            }
            self.roots = roots
            var segments: [Segment] = []
            for item in try fields.array("segments", max: SiteFloor.segmentsMax) {
                segments.append(try Segment(cbor: item))
            }
            self.segments = segments
        }

        func floor() throws(PublishingError) -> SiteFloor {
            try SiteFloor(
                mesh: mesh,
                publisher: publisher,
                sponsor: sponsor,
                sequence: sequence,
                roots: roots,
                byteCount: byteCount,
                segments: segments,
                leaseEnd: leaseEnd
            )
        }
    }
}

extension SiteFloor.Segment {
    package var cbor: CBOR { .array([.bytes(id.bytes), .unsigned(UInt64(k)), .unsigned(UInt64(n))]) }

    package init(cbor: CBOR) throws(CoreError) {
        guard case .array(let items) = cbor, items.count == 3, case .bytes(let id) = items[0],
            case .unsigned(let k) = items[1], case .unsigned(let n) = items[2], k <= 255, n <= 255
        else { throw CoreError(.invalid, "a segment of a floor is a name and two numbers up to 255") }
        self.init(id: try Digest(id), k: UInt8(k), n: UInt8(n))
    }
}
