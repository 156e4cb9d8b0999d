import Content
import Core
import Testing

@Suite struct FileWalkTests {
    /// 1280 bytes in five leaves of 256, and their blocks.
    private static func fiveLeaves(width: Int) -> (root: CID, leaves: [CID], blocks: [CID: [UInt8]], bytes: [UInt8]) {
        let bytes = noise(1280)
        var builder = FileDAGBuilder(width: width)
        var blocks: [CID: [UInt8]] = [:]
        var leaves: [CID] = []
        for start in stride(from: 0, to: 1280, by: 256) {
            let leaf = Block(hashing: Array(bytes[start..<start + 256]), codec: .raw)
            leaves.append(leaf.cid)
            blocks[leaf.cid] = leaf.bytes
            for block in builder.addLeaf(leaf.cid, size: 256) { blocks[block.cid] = block.bytes }
        }
        let end = builder.finish()
        for block in end.blocks { blocks[block.cid] = block.bytes }
        return (end.root, leaves, blocks, bytes)
    }

    private func bytes(of root: CID, in range: Range<UInt64>?, blocks: [CID: [UInt8]]) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try FileWalk.pieces(of: root, in: range, read: { try #require(blocks[$0]) }) { piece in
            switch piece {
            case .inline(let inline): bytes += inline
            case .leaf(let cid, let range, let size):
                let leaf = try #require(blocks[cid])
                #expect(UInt64(leaf.count) == size && (!range.isEmpty || size == 0))
                bytes += leaf[Int(range.lowerBound)..<Int(range.upperBound)]
            }
        }
        return bytes
    }

    @Test(arguments: [2, 3, 1024]) func anyRange_walked_givesItsBytes(width: Int) throws {
        let file = Self.fiveLeaves(width: width)
        #expect(try FileWalk.size(of: file.root, read: { try #require(file.blocks[$0]) }) == 1280)
        #expect(try bytes(of: file.root, in: nil, blocks: file.blocks) == file.bytes)
        let edges: [UInt64] = [0, 1, 255, 256, 257, 512, 1023, 1024, 1279, 1280, 1281, 5000, .max]
        for (index, start) in edges.enumerated() {
            for end in edges[index...] {
                let wanted = file.bytes[min(1280, Int(clamping: start))..<min(1280, Int(clamping: end))]
                #expect(
                    try bytes(of: file.root, in: start..<end, blocks: file.blocks) == Array(wanted),
                    "\(start)..<\(end)"
                )
            }
        }
    }

    @Test func rawFile_walked_givesItsBytes() throws {
        let leaf = Block(hashing: noise(100), codec: .raw)
        let blocks = [leaf.cid: leaf.bytes]
        #expect(try FileWalk.size(of: leaf.cid, read: { try #require(blocks[$0]) }) == 100)
        for range in [0..<100, 0..<1, 50..<51, 99..<100, 99..<200, 100..<200, 500..<600, 5..<5] as [Range<UInt64>] {
            let wanted = leaf.bytes[min(100, Int(range.lowerBound))..<min(100, Int(range.upperBound))]
            #expect(try bytes(of: leaf.cid, in: range, blocks: blocks) == Array(wanted))
        }
        let empty = Block(hashing: [], codec: .raw)
        #expect(try bytes(of: empty.cid, in: nil, blocks: [empty.cid: []]) == [])
    }

    @Test func narrowRange_walked_readsOnlyItsBlocks() throws {
        let file = Self.fiveLeaves(width: 2)
        var read: [CID] = []
        var leaves: [CID] = []
        let reader: BlockReader = { cid in
            read.append(cid)
            return try #require(file.blocks[cid])
        }
        try FileWalk.pieces(of: file.root, in: 300..<301, read: reader) { piece in
            if case .leaf(let cid, let range, _) = piece {
                leaves.append(cid)
                #expect(range == 44..<45)
            }
        }
        #expect(leaves == [file.leaves[1]])
        #expect(read.count == 3 && read.allSatisfy { $0.codec == .dagPB })
    }

    @Test func inlineBytesAndIdentityParts_walked_areGiven() throws {
        let identity = CID(codec: .raw, hash: .identity([4, 5]))
        let leaf = Block(hashing: [6], codec: .raw)
        let message = UnixFSData(kind: .file, data: [1, 2, 3], fileSize: 6, blockSizes: [2, 1])
        let links = [identity, leaf.cid].map { DAGPBLink(cid: $0, name: "", tsize: 0) }
        let root = Block(hashing: DAGPBNode(links: links, data: message.encoded).encoded, codec: .dagPB)
        let blocks = [root.cid: root.bytes, leaf.cid: leaf.bytes]
        #expect(try bytes(of: root.cid, in: nil, blocks: blocks) == [1, 2, 3, 4, 5, 6])
        #expect(try bytes(of: root.cid, in: 2..<5, blocks: blocks) == [3, 4, 5])
    }

    @Test func partOfAnotherSize_walked_isRefused() throws {
        let file = Self.fiveLeaves(width: 8)
        for size in [0, 1279, 1281, UInt64(Int64.max)] as [UInt64] {
            let message = UnixFSData(kind: .file, fileSize: nil, blockSizes: [size])
            let node = DAGPBNode(links: [DAGPBLink(cid: file.root, name: "", tsize: 0)], data: message.encoded)
            let root = Block(hashing: node.encoded, codec: .dagPB)
            let blocks = file.blocks.merging([root.cid: root.bytes]) { $1 }
            let wanted: ContentError.Code? = size == 0 ? nil : .malformed  // a part of no bytes is not looked at
            #expect(code { _ = try bytes(of: root.cid, in: nil, blocks: blocks) } == wanted)
            #expect(code { _ = try bytes(of: root.cid, in: 0..<UInt64.max, blocks: blocks) } == wanted)
        }
    }

    @Test func sizesBeyond63Bits_walked_areRefused() {
        for sizes in [[UInt64.max], [1 << 63], [1 << 62, 1 << 62], [UInt64(Int64.max), 1]] as [[UInt64]] {
            let links = sizes.map { _ in DAGPBLink(cid: rawCID(1), name: "", tsize: .max) }
            let message = UnixFSData(kind: .file, blockSizes: sizes)
            let root = Block(hashing: DAGPBNode(links: links, data: message.encoded).encoded, codec: .dagPB)
            #expect(code { _ = try bytes(of: root.cid, in: nil, blocks: [root.cid: root.bytes]) } == .malformed)
        }
    }

    @Test func largestSizes_walked_doNotOverflow() throws {
        let most = UInt64(Int64.max)
        let message = UnixFSData(kind: .file, blockSizes: [most])
        let link = DAGPBLink(cid: rawCID(1), name: "", tsize: .max)
        let root = Block(hashing: DAGPBNode(links: [link], data: message.encoded).encoded, codec: .dagPB)
        for range in [nil, most - 1..<UInt64.max, UInt64.max..<UInt64.max] as [Range<UInt64>?] {
            var pieces: [FilePiece] = []
            try FileWalk.pieces(of: root.cid, in: range, read: { _ in root.bytes }) { pieces.append($0) }
            #expect(pieces.count == (range?.isEmpty == true ? 0 : 1))
        }
    }

    @Test func chainOverDepthLimit_walked_isRefused() throws {
        var below = Block(hashing: [1], codec: .raw)
        var blocks = [below.cid: below.bytes]
        for depth in 1...WalkLimits.depthMax + 1 {
            let message = UnixFSData(kind: .file, fileSize: 1, blockSizes: [1])
            let node = DAGPBNode(links: [DAGPBLink(cid: below.cid, name: "", tsize: 0)], data: message.encoded)
            below = Block(hashing: node.encoded, codec: .dagPB)
            blocks[below.cid] = below.bytes
            let wanted: ContentError.Code? = depth <= WalkLimits.depthMax ? nil : .tooLarge
            let root = below.cid
            if depth >= WalkLimits.depthMax {
                #expect(code { _ = try bytes(of: root, in: nil, blocks: blocks) } == wanted)
            }
        }
    }

    @Test func directory_walkedAsFile_isRefused() throws {
        let directory = try DirectoryBuilder.build([])
        let blocks = [directory.root: directory.blocks[0].bytes]
        #expect(code { _ = try FileWalk.size(of: directory.root, read: { blocks[$0] ?? [] }) } == .unsupported)
        #expect(code { _ = try bytes(of: directory.root, in: nil, blocks: blocks) } == .malformed)
    }
}
