import Core
import GoldenVectors
import Objects
import Testing

@Suite struct PieceMessageTests {
    let signers: Signers

    init() throws { signers = try Signers() }

    private func part(
        first: Int = 0,
        piece: Int = 200_000,
        body: Int = 65_536,
        record: [UInt8]? = [1, 2, 3],
        index: Int = 4
    ) throws -> StorePart {
        var rng = SplitMix64(seed: UInt64(body))
        return try StorePart(
            piece: PieceID(segment: segmentID(1), index: index),
            firstUnit: first,
            pieceByteCount: piece,
            record: record,
            body: randomBytes(body, &rng)[...]
        )
    }

    // MARK: - Storing

    @Test func part_v1_decodesVector() throws {
        let made = try part(piece: 40, body: 40)
        let vector = try Vectors.bytes("store-part-v1", or: made.encoded)
        #expect(try StorePart(decoding: vector) == made)
        try damage(vector, refusesAll: false) { try StorePart(decoding: $0).encoded }
        let later = try part(first: 3, piece: 196_618, body: 10, record: nil)
        #expect(try StorePart(decoding: Vectors.bytes("store-part-later-v1", or: later.encoded)) == later)
        #expect(later.fields.pieceRange == 196_608..<196_618 && later.fields.units == 3..<4)
    }

    @Test func part_hasWholeUnits_isTaken() throws {
        for (first, piece, body) in [
            (0, 200_000, 65_536), (0, 200_000, 200_000), (1, 200_000, 134_464), (3, 200_000, 3_392), (0, 1, 1),
            (0, 983_040, 983_040), (1_009, 67_108_864, 983_040), (1_023, 67_108_864, 65_536), (0, 65_536, 65_536),
        ] {
            let part = try part(first: first, piece: piece, body: body)
            let decoded = try StorePart(decoding: part.encoded)
            #expect(decoded == part && decoded.body.elementsEqual(part.body) && decoded.fields.pieceRange.count == body)
        }
        let largest = try part(
            piece: 983_040,
            body: 983_040,
            record: Array(repeating: 0, count: SegmentRecord.bytesMax)
        )
        #expect(largest.encoded.count <= StorePart.bytesMax)
        #expect(try StorePart(decoding: largest.encoded) == largest)
    }

    @Test func part_isNotWholeUnits_isRefused() {
        let refused: [() throws -> StorePart] = [
            { try part(body: 0) }, { try part(body: 65_535) }, { try part(body: 65_537) }, { try part(body: 200_001) },
            { try part(first: 3, body: 3_393) }, { try part(first: 3, body: 3_391) }, { try part(first: 4, body: 1) },
            { try part(first: -1, body: 1) }, { try part(piece: 0, body: 0) }, { try part(piece: -1, body: 1) },
            { try part(piece: 67_108_865, body: 65_536) }, { try part(piece: 2_000_000, body: 16 * 65_536) },
            { try part(record: nil) }, { try part(index: 255) }, { try part(index: -1) },
            { try part(record: Array(repeating: 0, count: SegmentRecord.bytesMax + 1)) },
            { try part(first: .max, body: 1) },
        ]
        for (number, make) in refused.enumerated() {
            #expect(throws: ObjectsError.self, "case \(number)") { try make() }
        }
    }

    @Test func part_hasAHostileHeader_isRefused() throws {
        for length: [UInt8] in [
            [], [0], [0, 0, 0], [0, 0, 0, 0], [0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 1, 0], [0, 0, 0x40, 0],
        ] {
            #expect(throws: ObjectsError.self) { try StorePart(decoding: length + [0xA0]) }
        }
        #expect(throws: ObjectsError.self) {
            try StorePart(decoding: Array(repeating: 0, count: StorePart.bytesMax + 1))
        }
        #expect(try PieceFrame.headByteCount(startingWith: [0, 0, 0], headerMax: 9) == nil)
        #expect(try PieceFrame.headByteCount(startingWith: [0, 0, 0, 9], headerMax: 9) == 13)
        #expect(throws: ObjectsError.self) { try PieceFrame.headByteCount(startingWith: [0, 0, 0, 10], headerMax: 9) }
    }

    @Test func part_isOfARecord_isCheckedAgainstIt() throws {
        let record = try signers.record()
        func check(_ segment: SegmentID, _ index: Int, _ byteCount: Int) throws {
            var rng = SplitMix64(seed: 1)
            try StorePart(
                piece: PieceID(segment: segment, index: index),
                firstUnit: 0,
                pieceByteCount: byteCount,
                record: record.bytes,
                body: randomBytes(min(byteCount, 65_536), &rng)[...]
            ).fields.check(against: record)
        }
        let byteCount = record.layout.pieceByteCount
        #expect(throws: Never.self) { try check(record.id, 29, byteCount) }
        #expect(throws: ObjectsError.self) { try check(record.id, 30, byteCount) }
        #expect(throws: ObjectsError.self) { try check(record.id, 0, byteCount + 1) }
        #expect(throws: ObjectsError.self) { try check(segmentID(9), 0, byteCount) }
    }

    @Test func storeAnswer_v1_decodesVector() throws {
        let stored = StoreAnswer(state: .stored, nextUnit: 11, statement: try statement(4).bytes)
        let vector = try Vectors.bytes("store-answer-v1", or: stored.encoded)
        #expect(try StoreAnswer(decoding: vector) == stored && vector.count <= StoreAnswer.bytesMax)
        for state in [StoreAnswer.State.wantsMore, .hadAlready] {
            let answer = StoreAnswer(state: state, nextUnit: 1_024, statement: nil)
            try damage(answer.encoded, bits: Array(0..<8), refusesAll: false) { try StoreAnswer(decoding: $0).encoded }
        }
        let hostile: [CBOR] = [
            .array([.unsigned(3), .unsigned(0), .null]), .array([.unsigned(0), .unsigned(1_025), .null]),
            .array([.unsigned(0), .unsigned(.max), .null]), .array([.unsigned(0), .unsigned(0)]), .null,
            .array([.unsigned(1), .unsigned(1), .bytes(Array(repeating: 0, count: PieceStatement.bytesMax + 1))]),
            .array([.unsigned(1), .unsigned(1), .text("")]),
        ]
        for value in hostile { #expect(throws: ObjectsError.self) { try StoreAnswer(decoding: value.encoded()) } }
    }

    // MARK: - Reading

    @Test func read_v1_decodesVector() throws {
        let piece = PieceID(segment: segmentID(1), index: 4)
        let made = try PieceRead(piece: piece, units: 2..<17, grant: signers.grant().bytes)
        let vector = try Vectors.bytes("piece-read-v1", or: made.encoded)
        #expect(try PieceRead(decoding: vector) == made)
        let plain = try PieceRead(piece: piece, units: 0..<1_024, grant: nil)
        try damage(plain.encoded, bits: Array(0..<8), refusesAll: false) { try PieceRead(decoding: $0).encoded }
        let refused: [() throws -> PieceRead] = [
            { try PieceRead(piece: piece, units: 3..<3, grant: nil) },
            { try PieceRead(piece: piece, units: -1..<3, grant: nil) },
            { try PieceRead(piece: piece, units: 1..<1_025, grant: nil) },
            { try PieceRead(piece: PieceID(segment: segmentID(1), index: 255), units: 0..<1, grant: nil) },
            { try PieceRead(piece: piece, units: 0..<1, grant: Array(repeating: 0, count: Grant.bytesMax + 1)) },
            { try PieceRead(decoding: Array(repeating: 0, count: PieceRead.bytesMax + 1)) },
        ]
        for make in refused { #expect(throws: ObjectsError.self) { try make() } }
        let full = try PieceRead(piece: piece, units: 1_000..<1_024, grant: Array(repeating: 0, count: Grant.bytesMax))
        #expect(try PieceRead(decoding: full.encoded) == full)
    }

    @Test func readHead_v1_decodesVector() throws {
        let made = try PieceReadHead(pieceByteCount: 200_000, unitHashes: (0..<4).map(digest))
        let vector = try Vectors.bytes("piece-read-head-v1", or: made.encoded)
        let read = try #require(try PieceReadHead.read(from: vector + [9, 9, 9]))
        #expect(read.head == made && read.byteCount == vector.count)
        for length in 0..<vector.count { #expect(try PieceReadHead.read(from: Array(vector.prefix(length))) == nil) }
        for index in vector.indices {
            for bit in 0..<8 {
                var flipped = vector
                flipped[index] ^= 1 << UInt8(bit)
                guard let other = try? PieceReadHead.read(from: flipped) else { continue }
                #expect(other.head.encoded == flipped && other.head != made)
            }
        }
        let largest = try PieceReadHead(pieceByteCount: 67_108_864, unitHashes: (0..<1_024).map(digest))
        #expect(try PieceReadHead.read(from: largest.encoded)?.head == largest)
        for (byteCount, units) in [(0, 0), (200_000, 3), (200_000, 5), (67_108_865, 1_025), (-1, 0), (1, 0)] {
            #expect(throws: ObjectsError.self) {
                try PieceReadHead(pieceByteCount: byteCount, unitHashes: (0..<units).map(digest))
            }
        }
        #expect(throws: ObjectsError.self) { try PieceReadHead.read(from: [0xFF, 0, 0, 0]) }
    }

    @Test func readHead_ofAPiece_verifiesItsUnitsAndRoot() throws {
        var rng = SplitMix64(seed: 9)
        let layout = try SegmentLayout(code: .forMesh(nodes: 2), byteCount: 150_000)
        let bytes = randomBytes(layout.pieceByteCount, &rng)
        let units = (0..<layout.unitCount).map { Array(bytes[layout.unitRange($0)]) }
        let hashes = units.map { $0.withUnsafeBytes { PieceTree.unitHash(of: $0) } }
        let head = try PieceReadHead(pieceByteCount: bytes.count, unitHashes: hashes)
        let record = try SegmentRecord(
            mesh: meshID,
            layout: layout,
            roots: [head.root, digest(1)],
            created: start,
            leaseEnd: start + day(1),
            certificate: signers.certificate,
            device: signers.device,
            using: &rng
        )
        #expect(throws: Never.self) { try head.check(index: 0, of: record) }
        for index in [-1, 1, 2] { #expect(throws: ObjectsError.self) { try head.check(index: index, of: record) } }
        for (number, unit) in units.enumerated() {
            #expect(head.range(ofUnit: number) == layout.unitRange(number))
            #expect(unit.withUnsafeBytes { head.verifies($0, asUnit: number) })
            var changed = unit
            changed[unit.count / 2] ^= 1
            #expect(!changed.withUnsafeBytes { head.verifies($0, asUnit: number) })
            #expect(!unit.dropLast().withUnsafeBytes { head.verifies($0, asUnit: number) })
            #expect(!unit.withUnsafeBytes { head.verifies($0, asUnit: (number + 1) % units.count) })
            #expect(!unit.withUnsafeBytes { head.verifies($0, asUnit: units.count) })
        }
    }
}
