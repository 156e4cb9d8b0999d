import Content
import Core
import Testing

@Suite struct FileDAGBuilderTests {
    /// What a builder of `width` makes of `leaves` leaves of `size` bytes each.
    private func build(
        leaves: Int,
        size: UInt64 = 10,
        width: Int = FileDAGBuilder.width
    ) -> (root: CID, fileSize: UInt64, tsize: UInt64, blocks: [Block]) {
        var builder = FileDAGBuilder(width: width)
        var blocks: [Block] = []
        for number in 0..<leaves { blocks += builder.addLeaf(rawCID(number), size: size) }
        let end = builder.finish()
        return (end.root, end.fileSize, end.tsize, blocks + end.blocks)
    }

    private func file(_ cid: CID, in blocks: [CID: Block]) throws -> UnixFSFile {
        let block = try #require(blocks[cid])
        guard case .file(let file) = try UnixFSNode(block) else { throw ContentError(.unsupported, "no file") }
        return file
    }

    /// The leaves below `cid` in order, and their depth if all have the same.
    private func leaves(_ cid: CID, in blocks: [CID: Block]) throws -> (cids: [CID], depths: Set<Int>) {
        guard cid.codec == .dagPB else { return ([cid], [0]) }
        var (cids, depths): ([CID], Set<Int>) = ([], [])
        for part in try file(cid, in: blocks).parts {
            let below = try leaves(part.cid, in: blocks)
            cids += below.cids
            depths.formUnion(below.depths.map { $0 + 1 })
        }
        return (cids, depths)
    }

    @Test func emptyFile_built_isEmptyRawBlock() {
        let result = build(leaves: 0)
        #expect(result.root.description == "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku")
        #expect(result.fileSize == 0 && result.tsize == 0 && result.blocks.map(\.bytes) == [[]])
    }

    @Test func oneLeaf_built_isThatLeaf() {
        let result = build(leaves: 1, size: 77)
        #expect(result.root == rawCID(0) && result.blocks.isEmpty)
        #expect(result.fileSize == 77 && result.tsize == 77)
    }

    @Test func threeMebibytes_built_areOneNodeWithThreeLeaves() throws {
        let bytes = noise(3 * FileDAGBuilder.leafBytes)
        var builder = FileDAGBuilder()
        var cids: [CID] = []
        for start in stride(from: 0, to: bytes.count, by: FileDAGBuilder.leafBytes) {
            let leaf = bytes[start..<start + FileDAGBuilder.leafBytes]
            cids.append(CID(hashing: leaf, codec: .raw))
            #expect(builder.addLeaf(cids[cids.count - 1], size: UInt64(leaf.count)).isEmpty)
        }
        let result = builder.finish()
        let root = try file(result.root, in: store(result.blocks))
        let rootBlock = try #require(result.blocks.first)
        #expect(result.blocks.count == 1 && root.parts.map(\.cid) == cids)
        #expect(root.inline.isEmpty && root.fileSize == 3 << 20 && result.fileSize == 3 << 20)
        #expect(result.tsize == 3 << 20 + UInt64(rootBlock.bytes.count))
        let links = try DAGPBNode(decoding: rootBlock.bytes).links
        #expect(links.allSatisfy { $0.name.isEmpty && $0.tsize == 1 << 20 })
    }

    @Test func fullWidth_built_hasOneLevel() throws {
        let result = build(leaves: 1024)
        #expect(result.blocks.count == 1)
        #expect(try leaves(result.root, in: store(result.blocks)).depths == [1])
    }

    @Test func oneLeafMoreThanWidth_built_hasTwoLevels() throws {
        let result = build(leaves: 1025)
        let root = try file(result.root, in: store(result.blocks))
        #expect(result.blocks.count == 3 && result.fileSize == 10_250)
        #expect(root.parts.map(\.size) == [10_240, 10])
        #expect(try leaves(result.root, in: store(result.blocks)).depths == [2])
        #expect(result.tsize == result.blocks.reduce(10_250) { $0 + UInt64($1.bytes.count) })
    }

    @Test(arguments: [2, 3, 4]) func anyLeafCount_built_isBalancedAndInOrder(width: Int) throws {
        for count in 2...70 {
            let result = build(leaves: count, width: width)
            let below = try leaves(result.root, in: store(result.blocks))
            #expect(below.cids == (0..<count).map(rawCID), "\(count) leaves")
            #expect(below.depths.count == 1, "\(count) leaves")
            let widths = try result.blocks.map { try DAGPBNode(decoding: $0.bytes).links.count }
            #expect(widths.allSatisfy { (1...width).contains($0) }, "\(count) leaves")
            #expect(result.fileSize == UInt64(count * 10) && result.blocks.last?.cid == result.root)
            #expect(result.tsize == result.blocks.reduce(UInt64(count * 10)) { $0 + UInt64($1.bytes.count) })
        }
    }
}
