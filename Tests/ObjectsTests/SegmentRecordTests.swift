import Core
import GoldenVectors
import Objects
import Owners
import Testing

@Suite struct SegmentIDTests {
    @Test func segment_isWritten_isACID() throws {
        let id = segmentID(1)
        #expect(try SegmentID(id.description) == id && SegmentID(id.bytes) == id)
        #expect(try CID(id.description).codec == .dagCBOR)
        #expect(id.description.hasPrefix("bafyrei") && id.short.count == 8)
        for text in ["", "bafy", meshID.description + "x", CID(hashing: [1], codec: .raw).description] {
            #expect(throws: ObjectsError.self) { try SegmentID(text) }
        }
        for count in [0, 31, 33] {
            #expect(throws: ObjectsError.self) { try SegmentID(Array(repeating: 0, count: count)) }
        }
    }

    @Test func segments_areCompared_areInByteOrder() {
        let ids = (0..<200).map(segmentID)
        #expect(ids.sorted().map(\.bytes) == ids.map(\.bytes).sorted { $0.lexicographicallyPrecedes($1) })
        let pieces = ids.prefix(5).flatMap { id in [3, 1, 2].map { PieceID(segment: id, index: $0) } }.sorted()
        #expect(pieces.prefix(3).map(\.index) == [1, 2, 3] && pieces.map(\.segment) == pieces.map(\.segment).sorted())
    }
}

@Suite struct SegmentRecordTests {
    let signers: Signers

    init() throws { signers = try Signers() }

    @Test func segment_v1_decodesVector() throws {
        let made = try signers.record()
        let vector = try Vectors.bytes("segment-v1", or: made.bytes)
        let record = try SegmentRecord(decoding: vector)
        #expect(record == made && record.bytes == vector)
        #expect(record.owner == signers.owner.id && record.device == signers.device.id)
        #expect(record.code.description == "10 of 30" && record.layout.paddedByteCount == PaddedLength.of(700_000))
        let statement = try DeviceStatement(decoding: vector, in: SignatureDomain("holdfast/segment/1"), of: "record")
        #expect(record.id == SegmentID(Digest(hashing: statement.payload)))
    }

    @Test func publicSegment_v1_decodesVectorAndOthersAreNotPublic() throws {
        let made = try signers.record(isPublic: true)
        let vector = try Vectors.bytes("segment-v1-public", or: made.bytes)
        let record = try SegmentRecord(decoding: vector)
        #expect(record == made && record.isPublic)
        let privately = try signers.record()
        #expect(!privately.isPublic && privately.id != made.id)
        #expect(try !SegmentRecord(decoding: privately.bytes).isPublic)
    }

    @Test func outline_ofAStoredRecord_isThatOfTheRecordAndOfNoOther() throws {
        let record = try signers.record()
        #expect(try SegmentOutline(stored: record.bytes, as: record.id) == SegmentOutline(record))
        #expect(throws: ObjectsError.self) { try SegmentOutline(stored: record.bytes, as: segmentID(1)) }
        // A bit of the signed payload; what is around it was verified when it came and is not looked at.
        let payload = try DeviceStatement.payload(of: record.bytes)
        let start = try #require(
            (0...(record.bytes.count - payload.count)).first { record.bytes[$0...].starts(with: payload) }
        )
        for place in stride(from: start, to: start + payload.count, by: 7) {
            var bytes = record.bytes
            bytes[place] ^= 1
            #expect(throws: ObjectsError.self) { try SegmentOutline(stored: bytes, as: record.id) }
        }
        for count in [0, 1, 100, record.bytes.count - 1] {
            #expect(throws: ObjectsError.self) {
                try SegmentOutline(stored: Array(record.bytes.prefix(count)), as: record.id)
            }
        }
    }

    @Test func segment_isTheSameTwice_hasDifferentNames() throws {
        #expect(try signers.record(seed: 1).id == signers.record(seed: 1).id)
        #expect(try signers.record(seed: 1).id != signers.record(seed: 2).id)
    }

    @Test func record_isTruncatedOrFlipped_isRefused() throws {
        let bytes = try signers.record(data: 1, total: 2).bytes
        try damage(bytes, refusesAll: true) { try SegmentRecord(decoding: $0).bytes }
    }

    @Test func largestRecord_isSigned_fits() throws {
        let record = try signers.record(data: 255, total: 255, byteCount: 67_108_864, lease: day(400))
        #expect(record.bytes.count <= SegmentRecord.bytesMax)
        #expect(try SegmentRecord(decoding: record.bytes) == record)
        let tooLarge = #expect(throws: ObjectsError.self) {
            try SegmentRecord(decoding: Array(repeating: 0x80, count: SegmentRecord.bytesMax + 1))
        }
        #expect(tooLarge?.code == .tooLarge)
    }

    @Test func record_isOutOfRange_isNotSigned() throws {
        let cases: [() throws -> SegmentRecord] = [
            { try signers.record(roots: 29) }, { try signers.record(roots: 31) }, { try signers.record(lease: .zero) },
            { try signers.record(lease: day(400) + .milliseconds(1)) }, { try signers.record(lease: day(-1)) },
        ]
        for make in cases {
            let error = #expect(throws: ObjectsError.self) { try make() }
            #expect(error?.code == .outOfRange)
        }
    }

    @Test func record_isHostileButSigned_isRefused() throws {
        let good = try self.fields()
        #expect(throws: Never.self) { try decode(good) }
        let changes: [(String, CBOR?)] = [
            ("k", .unsigned(0)), ("k", .unsigned(31)), ("k", .unsigned(.max)), ("k", .negative(0)),
            ("n", .unsigned(29)),
            ("n", .unsigned(256)), ("n", .unsigned(31)), ("bytes", .unsigned(0)), ("bytes", .unsigned(67_108_865)),
            ("bytes", .unsigned(.max)), ("bytes", .unsigned(700_000)), ("bytes", .unsigned(16_383)),
            ("roots", .array([])),
            ("roots", .array(Array(repeating: .bytes(Array(repeating: 0, count: 31)), count: 30))),
            ("roots", .array(Array(repeating: .bytes(Array(repeating: 0, count: 33)), count: 30))),
            ("roots", .array(Array(repeating: .null, count: 30))), ("nonce", .bytes([])), ("nonce", nil), ("mesh", nil),
            ("nonce", .bytes(Array(repeating: 0, count: 17))), ("nonce", .bytes(Array(repeating: 0, count: 15))),
            ("lease", .integer(start.milliseconds)), ("lease", .integer(.max)), ("lease", .unsigned(.max)),
            ("created", .integer(.min)), ("created", .integer((start + day(200)).milliseconds)),
            ("owner", .bytes(signers.device.id.bytes)), ("owner", nil), ("owner", .bytes([])),
        ]
        for (name, value) in changes {
            var fields = good
            fields[name] = value
            #expect(throws: ObjectsError.self, "\(name)") { try decode(fields) }
        }
        var future = good
        future["zone"] = .text("from the future")
        #expect(try decode(future).owner == signers.owner.id)
    }

    @Test func record_isSignedByAnotherOwnersDevice_doesNotSpeakForTheSegment() throws {
        let other = try Signers(owner: 31, device: 32)
        let record = try signers.record()
        let statement = try DeviceStatement(
            signing: CBOR.map(self.fields()).encoded(),
            in: SignatureDomain("holdfast/segment/1"),
            certificate: other.certificate,
            device: other.device
        )
        let error = #expect(throws: ObjectsError.self) { try SegmentRecord(decoding: statement.bytes) }
        #expect(error?.code == .badSignature && record.owner == signers.owner.id)
    }

    @Test func device_isRevoked_signsNothing() throws {
        let revoked = try DeviceCertificate(
            device: signers.device.id,
            name: "desk",
            state: .revoked,
            version: 2,
            owner: signers.owner
        )
        let error = #expect(throws: ObjectsError.self) {
            try Tombstone(of: [segmentID(1)], at: start, certificate: revoked, device: signers.device)
        }
        #expect(error?.code == .revoked)
        let bytes = try DeviceStatement(
            signing: CBOR.map(self.fields()).encoded(),
            in: SignatureDomain("holdfast/segment/1"),
            certificate: revoked,
            device: signers.device
        ).bytes
        let decoded = #expect(throws: ObjectsError.self) { try SegmentRecord(decoding: bytes) }
        #expect(decoded?.code == .revoked)
    }

    private func fields() throws -> [String: CBOR] {
        let domain = SignatureDomain("holdfast/segment/1")
        let statement = try DeviceStatement(decoding: signers.record().bytes, in: domain, of: "record")
        guard case .map(let fields) = try CBOR(decoding: statement.payload) else { return [:] }
        return fields
    }

    private func decode(_ fields: [String: CBOR]) throws -> SegmentRecord {
        try SegmentRecord(decoding: signers.statement(fields, in: "holdfast/segment/1"))
    }
}
