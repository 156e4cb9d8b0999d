import Core
import GoldenVectors
import Publishing
import Testing

/// A publication and a holding that real keys sign.
struct SignedSite {
    let publisher: SigningKey<PublisherRole>
    let sponsor: SigningKey<OperatorRole>
    let node: SigningKey<NodeRole>

    init() throws {
        publisher = try signingKey(11)
        sponsor = try signingKey(12)
        node = try signingKey(13)
    }

    func publication(lease: Duration = day(90), mesh: CID = meshID) throws -> Publication {
        let first = try Publication.publishing(
            order(root: 1, bytes: 123_456, lease: lease),
            mesh: mesh,
            publisher: publisher.id,
            sponsor: sponsor.id,
            after: nil,
            sequence: 41,
            now: start - .seconds(3600)
        )
        return try Publication.publishing(
            order(root: 2, bytes: 234_567, lease: lease),
            mesh: mesh,
            publisher: publisher.id,
            sponsor: sponsor.id,
            after: first,
            sequence: 42,
            now: start
        )
    }

    func record(_ publication: Publication) throws -> PublicationRecord {
        try PublicationRecord(signing: publication, publisher: publisher, sponsor: sponsor)
    }

    func holding(until: Instant = start + day(90), mesh: CID = meshID) throws -> HoldingRecord {
        try HoldingRecord(
            signing: Holding(
                mesh: mesh,
                node: node.id,
                publisher: publisher.id,
                sequence: 42,
                state: .holding,
                until: until,
                version: 1_735_689_600_123
            ),
            node: node
        )
    }
}

@Suite struct RecordTests {
    let site: SignedSite

    init() throws { site = try SignedSite() }

    @Test func publication_v1_decodesVector() throws {
        let publication = try site.publication()
        let vector = try Vectors.bytes("publication-v1", or: site.record(publication).bytes)
        let record = try PublicationRecord(decoding: vector)
        #expect(record.publication == publication)
        #expect(record.bytes == vector)
        let outer = try SignedEnvelope<OperatorRole>(
            decoding: vector,
            in: SignatureDomain("holdfast/publication-sponsor/1")
        )
        let inner = try SignedEnvelope<PublisherRole>(
            decoding: outer.payload,
            in: SignatureDomain("holdfast/publication/1")
        )
        #expect(inner.payload == publication.payload)
    }

    @Test func unpublished_v1_decodesVector() throws {
        let end = try site.publication().unpublished(ipns: [], sequence: 43)
        let vector = try Vectors.bytes("publication-v1-unpublished", or: site.record(end).bytes)
        #expect(try PublicationRecord(decoding: vector).publication == end)
    }

    @Test func holding_v1_decodesVector() throws {
        let made = try site.holding()
        let vector = try Vectors.bytes("holding-v1", or: made.bytes)
        let record = try HoldingRecord(decoding: vector)
        #expect(record.holding == made.holding && record.bytes == vector)
        #expect(vector.count < 400)
    }

    @Test func unknownFields_arePresent_areKept() throws {
        guard case .map(var fields) = try CBOR(decoding: site.publication().payload) else {
            Issue.record("a payload is a map")
            return
        }
        fields["zone"] = .text("from the future")
        let inner = SignedEnvelope(
            signing: CBOR.map(fields).encoded(),
            in: SignatureDomain("holdfast/publication/1"),
            with: site.publisher
        )
        let bytes = SignedEnvelope(
            signing: inner.encoded,
            in: SignatureDomain("holdfast/publication-sponsor/1"),
            with: site.sponsor
        ).encoded
        let record = try PublicationRecord(decoding: bytes)
        #expect(try record.publication == site.publication())
        #expect(record.bytes == bytes)
    }

    @Test func largestPublication_isSigned_fits() throws {
        var current: Publication?
        for index in 0..<64 {
            current = try Publication.publishing(
                PublishOrder(
                    root: cid(index),
                    byteCount: Publication.byteCountMax,
                    copies: 32,
                    ipns: Array(repeating: 0xFF, count: Publication.ipnsBytesMax),
                    label: String(repeating: "é", count: 32)
                ),
                mesh: meshID,
                publisher: site.publisher.id,
                sponsor: site.sponsor.id,
                after: current,
                sequence: .max - 100 + UInt64(index),
                now: start + .seconds(index)
            )
        }
        let record = try site.record(#require(current))
        #expect(record.publication.versions.count == 64)
        #expect(record.bytes.count <= PublicationRecord.bytesMax)
        #expect(try PublicationRecord(decoding: record.bytes) == record)
    }

    @Test func records_areTruncatedOrFlipped_areRefused() throws {
        var rng = SplitMix64(seed: 3)
        let publication = try site.record(site.publication()).bytes
        let holding = try site.holding().bytes
        for length in stride(from: 0, to: publication.count, by: 7) {
            #expect(throws: PublishingError.self) { try PublicationRecord(decoding: Array(publication.prefix(length))) }
        }
        for length in stride(from: 0, to: holding.count, by: 5) {
            #expect(throws: PublishingError.self) { try HoldingRecord(decoding: Array(holding.prefix(length))) }
        }
        for _ in 0..<300 {
            var flipped = publication
            flipped[Int.random(in: 0..<flipped.count, using: &rng)] ^= 1 << UInt8.random(in: 0..<8, using: &rng)
            #expect(throws: PublishingError.self) { try PublicationRecord(decoding: flipped) }
            flipped = holding
            flipped[Int.random(in: 0..<flipped.count, using: &rng)] ^= 1 << UInt8.random(in: 0..<8, using: &rng)
            #expect(throws: PublishingError.self) { try HoldingRecord(decoding: flipped) }
        }
        #expect(throws: PublishingError.self) { try PublicationRecord(decoding: Array(repeating: 0x80, count: 20_000)) }
        #expect(throws: PublishingError.self) { try HoldingRecord(decoding: publication) }
    }

    @Test func payloads_areHostileButSigned_areRefusedWithoutACrash() throws {
        var rng = SplitMix64(seed: 4)
        let payload = try site.publication().payload
        for _ in 0..<200 {
            var mutated = payload
            for _ in 0..<Int.random(in: 1...4, using: &rng) {
                mutated[Int.random(in: 0..<mutated.count, using: &rng)] = UInt8.random(in: .min ... .max, using: &rng)
            }
            let inner = SignedEnvelope(
                signing: mutated,
                in: SignatureDomain("holdfast/publication/1"),
                with: site.publisher
            )
            let bytes = SignedEnvelope(
                signing: inner.encoded,
                in: SignatureDomain("holdfast/publication-sponsor/1"),
                with: site.sponsor
            ).encoded
            guard let record = try? PublicationRecord(decoding: bytes) else { continue }
            #expect(record.publication.publisher == site.publisher.id, "what still decodes is what its keys signed")
            #expect(record.publication.sponsor == site.sponsor.id)
        }
    }

    @Test func record_namesOthersThanItsSigners_isRefused() throws {
        let publication = try site.publication()
        let other: SigningKey<PublisherRole> = try signingKey(99)
        let otherSponsor: SigningKey<OperatorRole> = try signingKey(98)
        let otherNode: SigningKey<NodeRole> = try signingKey(97)
        #expect(throws: PublishingError.self) {
            try PublicationRecord(signing: publication, publisher: other, sponsor: site.sponsor)
        }
        func envelope(_ publisher: SigningKey<PublisherRole>, _ sponsor: SigningKey<OperatorRole>) -> [UInt8] {
            let inner = SignedEnvelope(
                signing: publication.payload,
                in: SignatureDomain("holdfast/publication/1"),
                with: publisher
            )
            return SignedEnvelope(
                signing: inner.encoded,
                in: SignatureDomain("holdfast/publication-sponsor/1"),
                with: sponsor
            ).encoded
        }
        for bytes in [envelope(other, site.sponsor), envelope(site.publisher, otherSponsor)] {
            let error = #expect(throws: PublishingError.self) { try PublicationRecord(decoding: bytes) }
            #expect(error?.code == .badSignature)
        }
        let forged = SignedEnvelope(
            signing: try site.holding().holding.payload,
            in: SignatureDomain("holdfast/holding/1"),
            with: otherNode
        )
        #expect(throws: PublishingError.self) { try HoldingRecord(decoding: forged.encoded) }
        // The same bytes in another domain are no record either.
        let elsewhere = SignedEnvelope(
            signing: try site.holding().holding.payload,
            in: SignatureDomain("holdfast/publication/1"),
            with: site.node
        )
        #expect(throws: PublishingError.self) { try HoldingRecord(decoding: elsewhere.encoded) }
    }
}

@Suite struct RecordJudgeTests {
    let site: SignedSite

    init() throws { site = try SignedSite() }

    private func judge(
        _ kind: RecordKind,
        _ bytes: [UInt8],
        now: Instant = start,
        knowsNode: Bool = true,
        isAdmitted: Bool = true
    ) throws -> JudgedRecord {
        try RecordJudge.judge(
            kind,
            bytes,
            mesh: meshID,
            now: now,
            operatorOf: { [site] node in
                knowsNode && node == site.node.id ? site.sponsor.id : nil
            },
            isAdmitted: { [site] in isAdmitted && $0 == site.sponsor.id }
        )
    }

    @Test func goodRecords_areJudged_giveTheirHeaders() throws {
        let publication = try judge(.publication, site.record(site.publication()).bytes)
        #expect(publication.header.key == RecordKey(kind: .publication, subject: site.publisher.id.bytes))
        #expect(publication.header.version == 42)
        #expect(publication.header.expires == start + day(90))
        #expect(publication.header.sponsor == site.sponsor.id)

        let holding = try judge(.holding, site.holding().bytes)
        #expect(holding.header.key.subject == site.node.id.bytes + site.publisher.id.bytes)
        #expect(holding.header.version == 1_735_689_600_123)
        #expect(holding.header.sponsor == site.sponsor.id)
    }

    @Test func badRecords_areJudged_areRefusedWithTheirCause() throws {
        let publication = try site.record(site.publication()).bytes
        let holding = try site.holding().bytes
        let elsewhere = cid(77)
        let cases: [(PublishingError.Code, () throws -> JudgedRecord)] = [
            (.unknownKind, { try judge(.node, publication) }),
            (.unknownSigner, { try judge(.publication, publication, isAdmitted: false) }),
            (.unknownSigner, { try judge(.holding, holding, knowsNode: false) }),
            (.unknownSigner, { try judge(.holding, holding, isAdmitted: false) }),
            (.expired, { try judge(.publication, publication, now: start + day(90)) }),
            (.expired, { try judge(.holding, holding, now: start + day(90)) }),
            (.outOfRange, { try judge(.publication, publication, now: start - day(400)) }),
            (.outOfRange, { try judge(.holding, site.holding(until: Instant(milliseconds: .max)).bytes) }),
            (.wrongMesh, { try judge(.publication, site.record(site.publication(mesh: elsewhere)).bytes) }),
            (.wrongMesh, { try judge(.holding, site.holding(mesh: elsewhere).bytes) }),
            (.malformed, { try judge(.publication, []) }), (.malformed, { try judge(.holding, [0x83]) }),
            (.badSignature, { try judge(.holding, Array(holding.dropLast()) + [holding.last.map { $0 ^ 1 } ?? 0]) }),
        ]
        for (index, expected) in cases.enumerated() {
            let error = #expect(throws: PublishingError.self, "case \(index)") { try expected.1() }
            #expect(error?.code == expected.0, "case \(index)")
        }
    }
}
