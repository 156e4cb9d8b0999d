import Content
import Core
import Testing

/// The archive of several roots, and archives that are not what they should be.
@Suite struct ArchiveTests {
    /// Two folders that share a file of two leaves; the second has another file besides.
    private let blocks: [CID: Block]
    private let roots: [CID]

    init() throws {
        var all: [Block] = []
        func file(_ seeds: [UInt64]) -> (root: CID, tsize: UInt64) {
            var builder = FileDAGBuilder(width: 32)
            for seed in seeds {
                let leaf = Block(hashing: noise(500, seed: seed), codec: .raw)
                all.append(leaf)
                all += builder.addLeaf(leaf.cid, size: 500)
            }
            let file = builder.finish()
            all += file.blocks
            return (file.root, file.tsize)
        }
        let (shared, other) = (file([1, 2]), file([3, 4, 1]))
        let old = try DirectoryBuilder.build([DirectoryEntry(name: "a", cid: shared.root, tsize: shared.tsize)])
        let new = try DirectoryBuilder.build([
            DirectoryEntry(name: "a", cid: shared.root, tsize: shared.tsize),
            DirectoryEntry(name: "b", cid: other.root, tsize: other.tsize),
        ])
        all += old.blocks + new.blocks
        roots = [new.root, old.root]
        blocks = Dictionary(all.map { ($0.cid, $0) }, uniquingKeysWith: { first, _ in first })
    }

    private func order(_ roots: [CID]) throws -> [Block] {
        var walk = ArchiveWalk(roots: roots)
        var order: [Block] = []
        while let cid = try walk.next() {
            let block = try #require(blocks[cid])
            order.append(block)
            try walk.visited(cid, bytes: block.bytes)
        }
        return order
    }

    private func archive(_ blocks: [Block], of roots: [CID]) -> [UInt8] {
        blocks.reduce(CARHeader(roots: roots).encoded) {
            $0 + CARWriter.sectionHead($1.cid, dataCount: $1.bytes.count) + $1.bytes
        }
    }

    private func read(_ bytes: [UInt8], step: Int = .max) throws -> [Block] {
        var reader = ArchiveReader(roots: roots)
        var read: [Block] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            rest.prefix(step).withUnsafeBytes { reader.feed($0) }
            rest = rest.dropFirst(step)
            while let block = try reader.next() { read.append(block) }
        }
        try reader.finish()
        return read
    }

    @Test func archive_ofOneRoot_hasTheOrderOfAnExport() throws {
        var walked: [CID] = []
        try DAGWalk.blocks(below: roots[0], read: { try #require(blocks[$0]).bytes }, visit: { walked.append($0) })
        #expect(try order([roots[0]]).map(\.cid) == walked)
    }

    @Test(arguments: [1, 33, 700, Int.max]) func archive_ofTwoRoots_isReadWhole(step: Int) throws {
        let order = try order(roots)
        #expect(Set(order.map(\.cid)) == Set(blocks.keys) && order.count == blocks.count)
        #expect(try read(archive(order, of: roots), step: step) == order)
    }

    @Test func archive_withMissingBlock_isRefused() throws {
        let order = try order(roots)
        for index in order.indices {
            var less = order
            less.remove(at: index)
            #expect(throws: ContentError.self) { try read(archive(less, of: roots)) }
        }
        let cut = archive(order, of: roots)
        for length in stride(from: 0, to: cut.count, by: 41) {
            #expect(throws: ContentError.self) { try read(Array(cut.prefix(length))) }
        }
    }

    @Test func archive_withOtherBlocks_isRefused() throws {
        let order = try order(roots)
        let stray = Block(hashing: noise(77, seed: 9), codec: .raw)
        for index in 0...order.count {
            var more = order
            more.insert(stray, at: index)
            let error = #expect(throws: ContentError.self) { try read(archive(more, of: roots)) }
            #expect(error?.code == .malformed)
        }
        #expect(throws: ContentError.self) { try read(archive(order + [order[0]], of: roots)) }
        #expect(throws: ContentError.self) { try read(archive(order.reversed(), of: roots)) }
    }

    @Test func archive_ofOtherRoots_isRefused() throws {
        let order = try order(roots)
        for wrong in [[roots[0]], [roots[1], roots[0]], roots + roots] {
            #expect(throws: ContentError.self) { try read(archive(order, of: wrong)) }
        }
    }

    @Test func archive_withFlippedByte_isRefused() throws {
        var rng = SplitMix64(seed: 5)
        let bytes = archive(try order(roots), of: roots)
        for _ in 0..<300 {
            var flipped = bytes
            flipped[Int.random(in: bytes.indices, using: &rng)] ^= 1 << UInt8.random(in: 0..<8, using: &rng)
            #expect(throws: ContentError.self) { try read(flipped) }
        }
    }
}
