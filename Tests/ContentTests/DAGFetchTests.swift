import Content
import Core
import Testing

@Suite struct DAGFetchTests {
    /// A site: files of one and of many leaves in two levels, and a HAMT directory.
    private let blocks: [CID: [UInt8]]
    private let root: CID

    init() throws {
        var blocks: [CID: [UInt8]] = [:]
        var entries: [DirectoryEntry] = []
        for (number, leaves) in [1, 40, 3, 1, 17].enumerated() {
            var builder = FileDAGBuilder(width: 4)
            for leaf in 0..<leaves {
                let block = Block(hashing: Array("file \(number) leaf \(leaf)".utf8), codec: .raw)
                blocks[block.cid] = block.bytes
                for inner in builder.addLeaf(block.cid, size: UInt64(block.bytes.count)) {
                    blocks[inner.cid] = inner.bytes
                }
            }
            let end = builder.finish()
            for inner in end.blocks { blocks[inner.cid] = inner.bytes }
            entries.append(DirectoryEntry(name: "file \(number)", cid: end.root, tsize: end.tsize))
        }
        // Entries that repeat a few leaves, as many as it takes for a HAMT.
        for number in 0..<6_000 {
            let block = Block(hashing: Array("page \(number % 2_500)".utf8), codec: .raw)
            blocks[block.cid] = block.bytes
            entries.append(DirectoryEntry(name: "page \(number)", cid: block.cid, tsize: 9))
        }
        let directory = try DirectoryBuilder.build(entries)
        for block in directory.blocks { blocks[block.cid] = block.bytes }
        let top = try DirectoryBuilder.build([
            DirectoryEntry(name: "again", cid: directory.root, tsize: 1),
            DirectoryEntry(name: "site", cid: directory.root, tsize: 1),
        ])
        blocks[top.root] = top.blocks[0].bytes
        self.blocks = blocks
        root = top.root
    }

    /// What a driver saw.
    private struct Run {
        var wanted: [CID] = []
        var checked: [CID] = []
        var here: Set<CID>
        var missingCount = 0
        var steps = 0
    }

    /// Plays the driver: the blocks in `here` are present, those in `lost` never arrive.
    private func run(
        below root: CID,
        here: Set<CID>,
        lost: Set<CID> = [],
        using rng: inout SplitMix64
    ) throws -> Run {
        var plan = DAGFetch(root: root)
        var run = Run(here: here)
        while true {
            run.steps += 1
            guard case .check(let cids) = try plan.next() else { break }
            #expect(cids.count <= DAGFetch.batchMax)
            run.checked += cids
            for step in plan.answer(present: Set(cids.filter(run.here.contains))) {
                switch step {
                case .read(let cids):
                    for cid in cids.shuffled(using: &rng) { try plan.arrived(cid, bytes: try #require(blocks[cid])) }
                case .want(let cids):
                    run.wanted += cids
                    for cid in cids.shuffled(using: &rng) where !lost.contains(cid) {
                        try plan.arrived(cid, bytes: try #require(blocks[cid]))
                        run.here.insert(cid)
                    }
                default: Issue.record("an answer leads to \(step)")
                }
            }
        }
        run.missingCount = plan.missingCount
        #expect(plan.blockCount == run.checked.count)
        return run
    }

    private func walkOrder(_ root: CID) throws -> [CID] {
        var order: [CID] = []
        try DAGWalk.blocks(below: root, read: { try #require(blocks[$0]) }, visit: { order.append($0) })
        return order
    }

    @Test(arguments: 0..<12) func dag_fetchedWithAnySubsetPresent_isComplete(seed: UInt64) throws {
        var rng = SplitMix64(seed: seed)
        let share = Ratio(UInt32(seed), in: 11)
        let here = Set(blocks.keys.sorted().filter { _ in share.occurs(using: &rng) })
        let run = try run(below: root, here: here, using: &rng)
        #expect(run.here == Set(blocks.keys))
        #expect(Set(run.checked).count == run.checked.count, "a block was asked for twice")
        #expect(Set(run.wanted) == Set(blocks.keys).subtracting(here) && run.wanted.count == run.missingCount)
    }

    @Test func leaves_wanted_areInFileOrder() throws {
        var rng = SplitMix64(seed: 5)
        let run = try run(below: root, here: [], using: &rng)
        #expect(run.wanted.filter { $0.codec == .raw } == (try walkOrder(root)).filter { $0.codec == .raw })
        let firstLeaf = try #require(run.wanted.firstIndex { $0.codec == .raw })
        #expect(run.wanted[firstLeaf...].allSatisfy { $0.codec == .raw })
    }

    @Test func rounds_ofAFetch_areFew() throws {
        var rng = SplitMix64(seed: 6)
        let run = try run(below: root, here: [], using: &rng)
        #expect(run.steps < 15)
    }

    @Test func innerBlock_neverArriving_isIncomplete() throws {
        var rng = SplitMix64(seed: 7)
        for cid in blocks.keys.sorted().filter({ $0.codec == .dagPB }).prefix(5) {
            #expect(code { _ = try run(below: root, here: [], lost: [cid], using: &rng) } == .incomplete)
        }
    }

    @Test func rawRoot_fetched_isOneBlock() throws {
        var rng = SplitMix64(seed: 8)
        let leaf = try #require(blocks.keys.sorted().first { $0.codec == .raw })
        #expect(try run(below: leaf, here: [], using: &rng).wanted == [leaf])
    }

    @Test func answerOrBlock_notAskedFor_changesNothing() throws {
        var plan = DAGFetch(root: root)
        #expect(plan.answer(present: []) == [])
        try plan.arrived(root, bytes: [0xFF])
        let first = try plan.next()
        #expect(first == .check([root]))
        #expect(try plan.next() == first)
        #expect(plan.answer(present: []) == [.want([root])] && plan.answer(present: []) == [])
        #expect(code { _ = try plan.next() } == .incomplete)
        #expect(code { try plan.arrived(root, bytes: [0xFF]) } == .malformed)
        #expect(code { _ = try plan.next() } == .incomplete)
        try plan.arrived(root, bytes: try #require(blocks[root]))
        #expect(try plan.next() != .done)
    }

    @Test func identityNode_linkingToBlocks_isPassedThrough() throws {
        let leaf = try #require(blocks.keys.sorted().first { $0.codec == .raw })
        let inner = DAGPBNode(links: [DAGPBLink(cid: leaf, name: "", tsize: 1)], data: nil).encoded
        var plan = DAGFetch(root: CID(codec: .dagPB, hash: .identity(inner)))
        #expect(try plan.next() == .check([leaf]))
    }

    @Test func sameLeaf_linkedManyTimes_isAskedForOnce() throws {
        let leaf = Block(hashing: [1], codec: .raw)
        let links = [DAGPBLink](repeating: DAGPBLink(cid: leaf.cid, name: "", tsize: 1), count: 40_000)
        var node = Block(hashing: DAGPBNode(links: links, data: nil).encoded, codec: .dagPB)
        var all = [node.cid: node.bytes]
        for _ in 0..<25 {  // 40 000 × 2^25 ways down to one leaf
            let link = DAGPBLink(cid: node.cid, name: "", tsize: 1)
            node = Block(hashing: DAGPBNode(links: [link, link], data: nil).encoded, codec: .dagPB)
            all[node.cid] = node.bytes
        }
        var plan = DAGFetch(root: node.cid)
        var checked = 0
        while case .check(let cids) = try plan.next() {
            checked += cids.count
            _ = plan.answer(present: [])
            for cid in cids where cid.codec == .dagPB { try plan.arrived(cid, bytes: try #require(all[cid])) }
        }
        #expect(checked == 27)
        var visited = 0
        try DAGWalk.blocks(below: node.cid, read: { all[$0] ?? [] }, visit: { _ in visited += 1 })
        #expect(visited == 27)
    }
}
