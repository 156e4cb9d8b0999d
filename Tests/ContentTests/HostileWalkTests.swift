import Content
import Core
import Testing

/// Small DAGs that claim to be endless, and names that only look equal.
@Suite struct HostileWalkTests {
    /// A block store in memory that refuses to be read more often than a bounded walk needs.
    private final class Blocks {
        private struct ReadTooOften: Error {}

        private var blocks: [CID: [UInt8]] = [:]
        private var readsLeft = 10_000

        func add(_ node: DAGPBNode) -> CID {
            let block = Block(hashing: node.encoded, codec: .dagPB)
            blocks[block.cid] = block.bytes
            return block.cid
        }

        func read(_ cid: CID) throws -> [UInt8] {
            readsLeft -= 1
            guard readsLeft > 0 else { throw ReadTooOften() }
            return try #require(blocks[cid], "\(cid) is not there")
        }
    }

    /// A file of which every level links twice to the level below: 2^levels times `leaf`.
    private func doubled(_ leaf: CID, size: UInt64, levels: Int, in blocks: Blocks) -> CID {
        var (below, size) = (leaf, size)
        for _ in 0..<levels {
            let link = DAGPBLink(cid: below, name: "", tsize: 0)
            let message = UnixFSData(kind: .file, fileSize: size * 2, blockSizes: [size, size])
            below = blocks.add(DAGPBNode(links: [link, link], data: message.encoded))
            size *= 2
        }
        return below
    }

    private func selected(
        _ root: CID,
        bytes: TrustlessSelection.EntityBytes? = nil,
        in blocks: Blocks
    ) throws -> [CID] {
        var cids: [CID] = []
        let selection = TrustlessSelection(root: root, path: [], scope: .entity, bytes: bytes)
        try selection.blocks(read: blocks.read) { cids.append($0) }
        return cids
    }

    @Test func partsOfNoBytes_nestedDeeply_areNotVisited() throws {
        let blocks = Blocks()
        let root = doubled(rawCID(1), size: 0, levels: 100, in: blocks)
        var pieces: [FilePiece] = []
        try FileWalk.pieces(of: root, read: blocks.read) { pieces.append($0) }
        #expect(pieces.isEmpty)
        #expect(try selected(root, in: blocks).count == 101)
    }

    @Test func endlessFile_selected_isEachBlockOnce() throws {
        let blocks = Blocks()
        let root = doubled(rawCID(1), size: 1, levels: 60, in: blocks)
        #expect(try selected(root, in: blocks).count == 61)
        #expect(try selected(root, bytes: .init(from: 1, to: nil), in: blocks).count == 61)
        #expect(try selected(root, bytes: .init(from: 0, to: 0), in: blocks).count == 61)
        var last: FilePiece?
        try FileWalk.pieces(of: root, in: (1 << 60) - 1..<1 << 60, read: blocks.read) { last = $0 }
        #expect(last == .leaf(rawCID(1), range: 0..<1, size: 1))
    }

    @Test func sameShardInManySlots_listed_isMalformed() throws {
        let blocks = Blocks()
        var message = UnixFSData(kind: .hamtShard, data: [0x03])
        message.hashType = 0x22
        message.fanout = 256
        var below = rawCID(1)
        for level in 0..<60 {
            let names = level == 0 ? ["00x", "01y"] : ["00", "01"]
            let links = names.map { DAGPBLink(cid: below, name: $0, tsize: 0) }
            below = blocks.add(DAGPBNode(links: links, data: message.encoded))
        }
        #expect(code { try DirectoryWalk.entries(of: below, read: blocks.read) { _ in } } == .malformed)
    }

    @Test func namesOfEqualTextInOtherBytes_lookedUp_areDifferent() throws {
        let (composed, decomposed) = ("\u{e9}", "e\u{301}")
        let entries = [composed, decomposed].enumerated().map {
            DirectoryEntry(name: $0.element, cid: rawCID($0.offset), tsize: 1)
        }
        for count in [0, 6000] {
            let others = (0..<count).map { DirectoryEntry(name: "file-\($0).html", cid: rawCID(9), tsize: 1) }
            let result = try DirectoryBuilder.build(entries + others)
            let nodes = store(result.blocks)
            let read: BlockReader = { cid in try #require(nodes[cid]).bytes }
            #expect(try DirectoryWalk.lookup(composed, in: result.root, read: read) == rawCID(0))
            #expect(try DirectoryWalk.lookup(decomposed, in: result.root, read: read) == rawCID(1))
            let alone = try DirectoryBuilder.build([entries[0]])
            #expect(try DirectoryWalk.lookup(decomposed, in: alone.root) { _ in alone.blocks[0].bytes } == nil)
        }
    }

    @Test func identityDirectory_walked_leadsToItsChildren() throws {
        let directory = try DirectoryBuilder.build([DirectoryEntry(name: "a", cid: rawCID(1), tsize: 1)])
        let root = CID(codec: .dagPB, hash: .identity(directory.blocks[0].bytes))
        let read: BlockReader = { throw ContentError(.notFound, "\($0) was read") }
        #expect(try PathWalk.resolve(["a"], below: root, read: read).cid == rawCID(1))
        var cids: [CID] = []
        try DAGWalk.blocks(below: root, read: read) { cids.append($0) }
        #expect(cids == [rawCID(1)])
        var fetch = DAGFetch(root: root)
        #expect(try fetch.next() == .check([rawCID(1)]))
    }

    @Test func identityLeaf_walked_isInline() throws {
        let blocks = Blocks()
        let leaf = CID(codec: .raw, hash: .identity([1, 2, 3]))
        let links = [leaf, rawCID(1)].map { DAGPBLink(cid: $0, name: "", tsize: 0) }
        let message = UnixFSData(kind: .file, fileSize: 7, blockSizes: [3, 4])
        let root = blocks.add(DAGPBNode(links: links, data: message.encoded))
        var pieces: [FilePiece] = []
        try FileWalk.pieces(of: root, in: 1..<5, read: blocks.read) { pieces.append($0) }
        #expect(pieces == [.inline([2, 3]), .leaf(rawCID(1), range: 0..<2, size: 4)])
        let wrong = UnixFSData(kind: .file, fileSize: 8, blockSizes: [4, 4])
        let bad = blocks.add(DAGPBNode(links: links, data: wrong.encoded))
        #expect(code { try FileWalk.pieces(of: bad, read: blocks.read) { _ in } } == .malformed)
        #expect(try selected(root, in: blocks) == [root, rawCID(1)])
    }

    @Test func dagPBOfAnotherFormat_selected_isOneBlock() throws {
        let blocks = Blocks()
        let root = blocks.add(DAGPBNode(links: [DAGPBLink(cid: rawCID(1), name: "x", tsize: 0)], data: [0xFF]))
        #expect(try selected(root, in: blocks) == [root])
    }
}
