import Content
import Core
import Testing

@Suite struct UnixFSTests {
    private func node(_ message: UnixFSData, links: [DAGPBLink] = []) throws -> UnixFSNode {
        try UnixFSNode(DAGPBNode(links: links, data: message.encoded))
    }

    private func links(_ count: Int, name: String = "") -> [DAGPBLink] {
        (0..<count).map { DAGPBLink(cid: rawCID($0), name: name, tsize: 1) }
    }

    private func shard(_ fanout: UInt64, bits: [UInt8] = [], hashType: UInt64 = 0x22) -> UnixFSData {
        var message = UnixFSData(kind: .hamtShard, data: bits)
        message.hashType = hashType
        message.fanout = fanout
        return message
    }

    @Test func message_withAllFields_roundTrips() throws {
        var message = UnixFSData(kind: .file, data: [1, 2], fileSize: 1 << 40, blockSizes: [5, 0, .max])
        message.hashType = 0x22
        message.fanout = 256
        message.mode = 0o644
        message.modified = try UnixFSData(decoding: [8, 2, 66, 7, 8, 1, 21, 1, 0, 0, 0]).modified
        #expect(message.modified?.nanoseconds == 1)
        #expect(try UnixFSData(decoding: message.encoded) == message)
    }

    @Test func packedBlockSizes_decoded_areAccepted() throws {
        let message = try UnixFSData(decoding: [0x08, 2, 0x18, 0x83, 2, 0x22, 3, 0x80, 2, 3])
        #expect(message.blockSizes == [256, 3] && message.fileSize == 259)
    }

    @Test func wrongMessages_decoded_areMalformed() {
        let wrong: [[UInt8]] = [
            [], [0x18, 0], [8, 6], [8, 2, 8, 2], [8, 2, 0x18, 0, 0x18, 0], [10, 0], [8, 2, 16, 1],
            [8, 2, 66, 7, 8, 1, 21, 0, 0, 0, 0],  // nanoseconds of 0
            [8, 2, 66, 7, 8, 1, 21, 0, 0xCA, 0x9A, 0x3B],  // nanoseconds of 10^9
            [8, 2, 66, 0],  // no seconds
        ]
        for bytes in wrong {
            #expect(code { _ = try UnixFSData(decoding: bytes) } == .malformed, "\(bytes)")
        }
    }

    @Test func file_withInlineDataAndParts_addsUp() throws {
        let message = UnixFSData(kind: .file, data: [1, 2], fileSize: 9, blockSizes: [3, 4])
        guard case .file(let file) = try node(message, links: links(2)) else {
            Issue.record("no file")
            return
        }
        #expect(file.fileSize == 9 && file.inline == [1, 2])
        #expect(file.parts.map(\.size) == [3, 4] && file.parts.map(\.cid) == [rawCID(0), rawCID(1)])
    }

    @Test func inconsistentFiles_read_areMalformed() {
        let cases: [(UnixFSData, [DAGPBLink])] = [
            (UnixFSData(kind: .file, fileSize: 3, blockSizes: [3]), []),
            (UnixFSData(kind: .file, fileSize: 3, blockSizes: []), links(1)),
            (UnixFSData(kind: .file, fileSize: 4, blockSizes: [3]), links(1)),
            (UnixFSData(kind: .file, data: [1], fileSize: 3, blockSizes: [3]), links(1)),
            (UnixFSData(kind: .file, fileSize: 1, blockSizes: [.max, 2]), links(2)),
            (UnixFSData(kind: .file, fileSize: .max, blockSizes: [.max]), links(1)),
            (UnixFSData(kind: .file, fileSize: 3, blockSizes: [3]), links(1, name: "x")),
        ]
        for (message, links) in cases {
            #expect(code { _ = try node(message, links: links) } == .malformed, "\(message)")
        }
    }

    @Test func kindsThatAreNotHandled_read_areUnsupported() {
        #expect(code { _ = try node(UnixFSData(kind: .metadata)) } == .unsupported)
        let cbor = CID(hashing: [0xA0], codec: .dagCBOR)
        #expect(code { _ = try UnixFSNode(cid: cbor, bytes: [0xA0]) } == .unsupported)
        #expect(code { _ = try UnixFSNode(DAGPBNode(links: [], data: nil)) } == .malformed)
    }

    @Test func rawBlock_read_isItsLength() throws {
        #expect(try UnixFSNode(Block(hashing: [1, 2, 3], codec: .raw)) == .raw(size: 3))
    }

    @Test func shardLimits_exceeded_areRefused() throws {
        for fanout: UInt64 in [0, 1, 4, 12, 24, 1000] {
            #expect(code { _ = try node(shard(fanout)) } == .malformed, "\(fanout)")
        }
        for fanout: UInt64 in [2048, .max] { #expect(code { _ = try node(shard(fanout)) } == .tooLarge) }
        #expect(code { _ = try node(shard(256, hashType: 0x12)) } == .unsupported)
        #expect(code { _ = try node(shard(8, bits: [0, 0])) } == .malformed)
        for fanout: UInt64 in [8, 16, 256, 1024] {
            guard case .shard(let shard) = try node(shard(fanout)) else { throw ContentError(.unsupported, "no shard") }
            #expect(1 << shard.bitsPerLevel == shard.fanout && shard.slots.isEmpty)
        }
    }

    @Test func shardSlots_notAsInBitfield_areMalformed() throws {
        func read(_ names: [String], bits: [UInt8], fanout: UInt64 = 256) throws -> UnixFSNode {
            let links = names.map { DAGPBLink(cid: rawCID(1), name: $0, tsize: 1) }
            return try node(shard(fanout, bits: bits), links: links)
        }
        guard case .shard(let good) = try read(["00x", "09"], bits: [0x02, 0x01]) else { return }
        #expect(good.slots.map(\.index) == [0, 9] && good.slots.map(\.name) == ["x", nil])
        #expect(good.slot(at: 9)?.index == 9 && good.slot(at: 8) == nil && good.slot(at: 255) == nil)
        let wrong: [([String], [UInt8])] = [
            (["09", "00x"], [2, 1]), (["00x", "00y"], [1]), (["00x"], [2]), (["00x"], [3]), (["00x"], []),
            (["0"], [1]), (["0ax"], [4, 0]), (["é"], [1]), ([], [1]),
        ]
        for (names, bits) in wrong {
            #expect(code { _ = try read(names, bits: bits) } == .malformed, "\(names)")
        }
        #expect(code { _ = try read(["9"], bits: [2], fanout: 8) } == .malformed)
    }

    @Test func damagedMessage_decoded_neverEqualsOriginal() {
        let message = UnixFSData(kind: .file, data: [1, 2], fileSize: 300, blockSizes: [290, 8])
        for bytes in damaged(message.encoded) {
            #expect((try? UnixFSData(decoding: bytes)) != message)
            _ = try? UnixFSNode(DAGPBNode(links: links(2), data: bytes))
        }
    }
}
