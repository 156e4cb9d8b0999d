import Content
import Core
import Testing

@Suite struct CARTests {
    private let blocks = [
        Block(hashing: noise(40), codec: .raw), Block(hashing: [], codec: .raw), Block(hashing: [], codec: .dagPB),
        Block(hashing: noise(300, seed: 2), codec: .raw),
    ]

    private func car(_ blocks: [Block]) -> [UInt8] {
        blocks.reduce(CARHeader(root: rawCID(0)).encoded) {
            $0 + CARWriter.sectionHead($1.cid, dataCount: $1.bytes.count) + $1.bytes
        }
    }

    private func read(_ bytes: [UInt8], step: Int = .max) throws -> [Block] {
        var reader = CARReader()
        var blocks: [Block] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            reader.feed(rest.prefix(step))
            rest = rest.dropFirst(step)
            while let block = try reader.next() { blocks.append(block) }
        }
        try reader.finish()
        #expect(reader.header?.roots == [rawCID(0)])
        return blocks
    }

    /// A CAR whose header is `value`.
    private func headed(_ value: CBOR) -> [UInt8] {
        let content = value.encoded()
        var bytes: [UInt8] = []
        Varint.append(UInt64(content.count), to: &bytes)
        return bytes + content
    }

    @Test func header_encoded_isTheStandardForm() throws {
        let bytes = CARHeader(root: rawCID(0)).encoded
        let head: [UInt8] = [0x3A, 0xA2, 0x65] + Array("roots".utf8) + [0x81, 0xD8, 0x2A, 0x58, 0x25, 0x00]
        #expect(bytes == head + rawCID(0).bytes + [0x67] + Array("version".utf8) + [0x01])
        #expect(bytes.count == 59)
    }

    @Test(arguments: [1, 2, 7, 64, Int.max]) func blocks_writtenAndRead_areTheSame(step: Int) throws {
        #expect(try read(car(blocks), step: step) == blocks)
    }

    @Test func manyBlocks_fedInOnePiece_areAllRead() throws {
        let many = (0..<2000).map { Block(hashing: Array("block \($0)".utf8), codec: .raw) }
        #expect(try read(car(many)) == many)
        #expect(try read(car(many), step: 1000) == many)
    }

    @Test func largestBlock_read_isAccepted() throws {
        let block = Block(hashing: [UInt8](repeating: 7, count: Block.bytesMax), codec: .raw)
        #expect(try read(car([block]), step: 65_536) == [block])
    }

    @Test func versionZeroAndIdentityCIDs_read_areAccepted() throws {
        let empty = try CID("QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n")
        let identity = CID(codec: .raw, hash: .identity([1, 2]))
        let bytes =
            car([]) + CARWriter.sectionHead(empty, dataCount: 0)
            + CARWriter.sectionHead(identity, dataCount: 2) + [1, 2]
        #expect(try read(bytes).map(\.cid) == [empty, identity])
    }

    @Test func stream_cutAnywhereInside_isIncomplete() {
        let bytes = car([blocks[0]])
        let whole = [bytes.count, CARHeader(root: rawCID(0)).encoded.count]
        for count in 0..<bytes.count where !whole.contains(count) {
            #expect(code { _ = try read(Array(bytes.prefix(count))) } == .incomplete, "\(count) bytes")
        }
    }

    @Test func stream_withAnyBitFlipped_neverGivesOtherBlocks() throws {
        for bytes in damaged(car(Array(blocks.prefix(2)))) {
            var reader = CARReader()
            reader.feed(bytes)
            while let block = try? reader.next() { #expect(block.cid.matches(block.bytes)) }
        }
    }

    @Test func wrongBlock_read_isRefusedAgainAndAgain() {
        var bytes = car([blocks[0]])
        bytes[bytes.count - 1] ^= 1
        var reader = CARReader()
        reader.feed(bytes)
        #expect(code { _ = try reader.next() } == .wrongHash)
        #expect(code { _ = try reader.next() } == .wrongHash)
    }

    @Test func wrongHeaders_read_areRefused() {
        let roots = CBOR.array([.link(rawCID(0))])
        let cases: [(CBOR, ContentError.Code)] = [
            (.map(["roots": roots, "version": .unsigned(2)]), .unsupported),
            (.map(["roots": .array([]), "version": .unsigned(1)]), .malformed),
            (.map(["roots": .array([.null]), "version": .unsigned(1)]), .malformed),
            (.map(["roots": .link(rawCID(0)), "version": .unsigned(1)]), .malformed),
            (.map(["roots": roots]), .malformed), (.map(["version": .unsigned(1)]), .malformed),
            (.map(["roots": roots, "version": .unsigned(1), "x": .null]), .malformed), (.null, .malformed),
        ]
        for (value, expected) in cases {
            #expect(code { _ = try read(headed(value)) } == expected, "\(value)")
        }
        #expect(code { _ = try read([0x01, 0xFF]) } == .malformed)
        #expect(code { _ = try read([0x00]) } == .malformed)
    }

    @Test func lengthsOverTheLimits_read_areRefusedBeforeTheBytesCome() {
        func lengthed(_ length: Int, after bytes: [UInt8]) -> [UInt8] {
            var bytes = bytes
            Varint.append(UInt64(length), to: &bytes)
            return bytes
        }
        #expect(code { _ = try read(lengthed(CARHeader.bytesMax + 1, after: [])) } == .tooLarge)
        #expect(code { _ = try read(lengthed(CARReader.sectionBytesMax + 1, after: car([]))) } == .tooLarge)
        #expect(code { _ = try read(car([]) + [0]) } == .malformed)
        #expect(code { _ = try read(car([]) + [UInt8](repeating: 0xFF, count: 10)) } == .malformed)
        let bytes = [UInt8](repeating: 7, count: Block.bytesMax + 1)
        let head = lengthed(36 + bytes.count, after: car([])) + CID(hashing: bytes, codec: .raw).bytes
        #expect(code { _ = try read(head + bytes) } == .tooLarge)
    }
}
