import Core
import GoldenVectors
import Publishing
import Testing

/// What a publisher signs of the floor of its site, and what is refused of it.
@Suite struct FloorRecordTests {
    let site: SignedSite

    init() throws { site = try SignedSite() }

    private func segments(_ count: Int) -> [SiteFloor.Segment] {
        (0..<count).map { .init(id: Digest(hashing: Array("segment \($0)".utf8)), k: 10, n: 30) }
    }

    private func floor(
        roots: [CID] = [cid(2), cid(1)],
        bytes: UInt64 = 100_000_000,
        segments count: Int = 2,
        sequence: UInt64 = 43,
        lease: Duration = day(90),
        mesh: CID = meshID
    ) throws -> SiteFloor {
        try SiteFloor(
            mesh: mesh,
            publisher: site.publisher.id,
            sponsor: site.sponsor.id,
            sequence: sequence,
            roots: roots,
            byteCount: bytes,
            segments: segments(count),
            leaseEnd: start + lease
        )
    }

    private func record(_ floor: SiteFloor) throws -> FloorRecord {
        try FloorRecord(signing: floor, publisher: site.publisher, sponsor: site.sponsor)
    }

    private func judge(_ bytes: [UInt8], isAdmitted: Bool = true) throws(PublishingError) -> JudgedRecord {
        try RecordJudge.judge(
            .floor,
            bytes,
            mesh: meshID,
            now: start,
            operatorOf: { _ in nil },
            isAdmitted: { _ in isAdmitted }
        )
    }

    @Test func floor_v1_decodesVector() throws {
        let floor = try floor()
        let vector = try Vectors.bytes("floor-v1", or: record(floor).bytes)
        let read = try FloorRecord(decoding: vector)
        #expect(read.floor == floor && read.bytes == vector)
        let judged = try judge(vector)
        #expect(judged.content == .floor(read))
        #expect(judged.header.key == RecordKey(kind: .floor, subject: site.publisher.id.bytes))
        #expect(judged.header.version == 43 && judged.header.sponsor == site.sponsor.id)
        #expect(judged.header.expires == start + day(90))
    }

    @Test func endedFloor_v1_decodesVector() throws {
        let end = try floor(roots: [], bytes: 0, segments: 0)
        let vector = try Vectors.bytes("floor-v1-ended", or: record(end).bytes)
        #expect(try FloorRecord(decoding: vector).floor == end && end.isEmpty)
    }

    @Test func largestFloor_isSigned_fitsWhatTheDirectoryTakes() throws {
        let largest = try floor(
            roots: (0..<SiteVersion.countMax).map(cid),
            bytes: SiteFloor.byteCountMax,
            segments: SiteFloor.segmentsMax,
            sequence: .max
        )
        let record = try record(largest)
        #expect(record.bytes.count <= FloorRecord.bytesMax && FloorRecord.bytesMax <= 16 * 1_024)
        #expect(try FloorRecord(decoding: record.bytes).floor == largest)
    }

    @Test(
        arguments: [
            (2, 100_000_000, 1), (2, 100_000_000, 3), (2, 0, 0), (0, 1, 1), (2, SiteFloor.byteCountMax + 1, 257),
            (65, 1, 1),
        ] as [(Int, UInt64, Int)]
    )
    func floor_outsideOfItsRanges_isRefused(roots: Int, bytes: UInt64, segments: Int) throws {
        let error = #expect(throws: PublishingError.self) {
            try floor(roots: (0..<roots).map(cid), bytes: bytes, segments: segments)
        }
        #expect(error?.code == .outOfRange)
    }

    @Test func floor_listsATwin_isRefused() throws {
        #expect(throws: PublishingError.self) { try floor(roots: [cid(1), cid(1)]) }
        let segment = segments(1)[0]
        #expect(throws: PublishingError.self) {
            try SiteFloor(
                mesh: meshID,
                publisher: site.publisher.id,
                sponsor: site.sponsor.id,
                sequence: 1,
                roots: [cid(1)],
                byteCount: 100_000_000,
                segments: [segment, segment],
                leaseEnd: start + day(1)
            )
        }
    }

    @Test func floor_bySomebodyElse_isRefused() throws {
        let floor = try floor()
        let stranger: SigningKey<PublisherRole> = try signingKey(99)
        #expect(throws: PublishingError.self) {
            try FloorRecord(signing: floor, publisher: stranger, sponsor: site.sponsor)
        }
        let inner = SignedEnvelope(
            signing: floor.payload,
            in: SignatureDomain("holdfast/floor/1"),
            with: stranger
        )
        let forged = SignedEnvelope(
            signing: inner.encoded,
            in: SignatureDomain("holdfast/floor-sponsor/1"),
            with: site.sponsor
        ).encoded
        let error = #expect(throws: PublishingError.self) { try judge(forged) }
        #expect(error?.code == .badSignature)
    }

    @Test func floor_ofAnotherMeshTimeOrOperator_isRefused() throws {
        func code(_ bytes: [UInt8], isAdmitted: Bool = true) -> PublishingError.Code? {
            do throws(PublishingError) {
                _ = try judge(bytes, isAdmitted: isAdmitted)
                return nil
            } catch {
                return error.code
            }
        }
        #expect(code(try record(floor()).bytes) == nil)
        #expect(code(try record(floor(mesh: cid(5))).bytes) == .wrongMesh)
        #expect(code(try record(floor(lease: .zero)).bytes) == .expired)
        #expect(code(try record(floor(lease: day(401))).bytes) == .outOfRange)
        #expect(code(try record(floor()).bytes, isAdmitted: false) == .unknownSigner)
    }

    @Test func floor_isTruncatedOrFlipped_isRefused() throws {
        var rng = SplitMix64(seed: 4)
        let bytes = try record(floor()).bytes
        for length in 0..<bytes.count {
            #expect(throws: PublishingError.self) { try FloorRecord(decoding: Array(bytes.prefix(length))) }
        }
        for _ in 0..<300 {
            var flipped = bytes
            flipped[Int.random(in: bytes.indices, using: &rng)] ^= 1 << UInt8.random(in: 0..<8, using: &rng)
            #expect(throws: PublishingError.self) { try FloorRecord(decoding: flipped) }
        }
        #expect(throws: PublishingError.self) {
            try FloorRecord(decoding: Array(repeating: 0x80, count: FloorRecord.bytesMax + 1))
        }
    }

    @Test func floor_coversAPublication_onlyWithAllItsVersions() throws {
        let publication = try site.publication()  // roots 2 and 1
        #expect(try floor().covers(publication, at: start))
        #expect(try floor(roots: [cid(3), cid(2), cid(1)]).covers(publication, at: start))
        #expect(try !floor(roots: [cid(2)]).covers(publication, at: start))
        #expect(try !floor().covers(publication, at: start + day(91)))
        #expect(try !floor().covers(publication.unpublished(ipns: [], sequence: 50), at: start))
    }
}
