import Core
import GoldenVectors
import Objects
import Owners
import Testing

@Suite struct OwnerStatementTests {
    let signers: Signers

    init() throws { signers = try Signers() }

    @Test func statements_v1_decodeVectors() throws {
        let segments = (0..<3).map(segmentID)
        let renewal = try signers.renewal(segments)
        #expect(try LeaseRenewal(decoding: Vectors.bytes("lease-v1", or: renewal.bytes)) == renewal)
        let tombstone = try signers.tombstone(segments)
        #expect(try Tombstone(decoding: Vectors.bytes("tombstone-v1", or: tombstone.bytes)) == tombstone)
        let grant = try signers.grant()
        #expect(try Grant(decoding: Vectors.bytes("grant-v1", or: grant.bytes)) == grant)
        for owner in [renewal.owner, tombstone.owner, grant.owner] { #expect(owner == signers.owner.id) }
    }

    @Test func statements_areTruncatedOrFlipped_areRefused() throws {
        try damage(signers.renewal([segmentID(1)]).bytes, refusesAll: true) { try LeaseRenewal(decoding: $0).bytes }
        try damage(signers.tombstone([segmentID(1)]).bytes, refusesAll: true) { try Tombstone(decoding: $0).bytes }
        try damage(signers.grant().bytes, refusesAll: true) { try Grant(decoding: $0).bytes }
    }

    @Test func statements_areForAnotherPurpose_areRefused() throws {
        let all = [
            try signers.renewal([segmentID(1)]).bytes, try signers.tombstone([segmentID(1)]).bytes,
            try signers.grant().bytes, try signers.record(data: 1, total: 2).bytes,
        ]
        let decoders: [([UInt8]) throws -> Void] = [
            { _ = try LeaseRenewal(decoding: $0) }, { _ = try Tombstone(decoding: $0) },
            { _ = try Grant(decoding: $0) },
            { _ = try SegmentRecord(decoding: $0) },
        ]
        for (kind, decode) in decoders.enumerated() {
            for (other, bytes) in all.enumerated() where kind != other {
                #expect(throws: ObjectsError.self) { try decode(bytes) }
            }
        }
    }

    @Test func segments_areListed_areInOrderOnceAndLimited() throws {
        let largest = try signers.renewal((0..<256).map(segmentID), until: Instant(milliseconds: .max), version: .max)
        #expect(largest.segments == largest.segments.sorted() && largest.bytes.count <= LeaseRenewal.bytesMax)
        #expect(try LeaseRenewal(decoding: largest.bytes) == largest)
        #expect(try signers.tombstone((0..<256).map(segmentID)).bytes.count <= Tombstone.bytesMax)
        #expect(try signers.tombstone([segmentID(1), segmentID(1)]).segments == [segmentID(1)])
        #expect(throws: ObjectsError.self) { try signers.renewal([]) }
        #expect(throws: ObjectsError.self) { try signers.tombstone((0..<257).map(segmentID)) }
        let sorted = (0..<300).map(segmentID).sorted()
        let hostile = [
            [], [sorted[1], sorted[0]], [sorted[0], sorted[0]], sorted,
        ]
        for segments in hostile {
            let list = CBOR.array(segments.map { .bytes($0.bytes) })
            let lease = try signers.statement(
                ["segments": list, "until": .unsigned(1), "version": .unsigned(1)],
                in: "holdfast/lease/1"
            )
            #expect(throws: ObjectsError.self) { try LeaseRenewal(decoding: lease) }
            let tombstone = try signers.statement(["segments": list, "at": .unsigned(1)], in: "holdfast/tombstone/1")
            #expect(throws: ObjectsError.self) { try Tombstone(decoding: tombstone) }
        }
    }

    @Test func statements_areAboutARecord_countForItsOwnerOnly() throws {
        let record = try signers.record()
        let others = try Signers(owner: 31, device: 32)
        let segments = (0..<20).map(segmentID)
        #expect(try signers.renewal(segments + [record.id]).renews(record))
        #expect(try signers.tombstone(segments + [record.id]).removes(record))
        #expect(try !signers.renewal(segments).renews(record))
        #expect(try !signers.tombstone(segments).removes(record))
        #expect(try !others.renewal([record.id]).renews(record))
        #expect(try !others.tombstone([record.id]).removes(record))
    }

    @Test func grant_isShown_countsForItsReaderOwnerMeshAndTime() throws {
        let record = try signers.record()
        let grant = try signers.grant()
        let stranger: SigningKey<NodeRole> = try signingKey(99)
        #expect(grant.allows(signers.node.id, toRead: record, now: start))
        #expect(grant.allows(signers.node.id, toRead: record, now: start + day(30) - .milliseconds(1)))
        #expect(!grant.allows(signers.node.id, toRead: record, now: start + day(30)))
        #expect(!grant.allows(stranger.id, toRead: record, now: start))
        #expect(try !signers.grant(mesh: segmentID(5).cid).allows(signers.node.id, toRead: record, now: start))
        #expect(try !Signers(owner: 31).grant().allows(signers.node.id, toRead: record, now: start))
    }

    @Test func grant_isTooLong_isRefused() throws {
        for until in [start, start - day(1), start + day(30) + .milliseconds(1), Instant(milliseconds: .max)] {
            #expect(throws: ObjectsError.self) { try signers.grant(until: until) }
            let bytes = try signers.statement(
                [
                    "mesh": .link(meshID), "reader": .bytes(signers.node.id.bytes),
                    "until": .integer(until.milliseconds), "created": .integer(start.milliseconds),
                ],
                in: "holdfast/grant/1"
            )
            #expect(throws: ObjectsError.self) { try Grant(decoding: bytes) }
        }
    }
}
