import Content
import Core
import Testing

@Suite struct DAGFetchOrderTests {
    /// A file of six leaves below two inner nodes: the blocks of the tree, and its leaves in file order.
    private func tree() -> (root: CID, blocks: [Block], leaves: [CID]) {
        var builder = FileDAGBuilder(width: 3)
        var blocks: [Block] = []
        let leaves = (0..<6).map(rawCID)
        for leaf in leaves { blocks += builder.addLeaf(leaf, size: 10) }
        let end = builder.finish()
        return (end.root, blocks + end.blocks, leaves)
    }

    @Test(arguments: [false, true]) func innerBlocks_arrivingInAnyOrder_leaveLeavesInFileOrder(reversed: Bool) throws {
        let (root, blocks, leaves) = tree()
        let nodes = store(blocks)
        var fetch = DAGFetch(root: root)
        var checked: [CID] = []
        while case .check(let cids) = try fetch.next() {
            checked += cids
            for case .want(let wanted) in fetch.answer(present: []) {
                for cid in reversed ? wanted.reversed() : wanted {
                    if let block = nodes[cid] { try fetch.arrived(cid, bytes: block.bytes) }
                }
            }
        }
        #expect(checked.suffix(leaves.count) == leaves[...])
        #expect(fetch.missingCount == 9 && fetch.blockCount == 9)
    }

    @Test func completeSubtree_answered_isNotLookedInto() throws {
        let (root, blocks, leaves) = tree()
        let inner = blocks.filter { $0.cid != root }
        var fetch = DAGFetch(root: root)
        _ = try fetch.next()
        _ = fetch.answer(present: [root])
        let rootBlock = try #require(store(blocks)[root])
        try fetch.arrived(root, bytes: rootBlock.bytes)
        #expect(try fetch.next() == .check(inner.map(\.cid)))
        #expect(fetch.answer(present: [], complete: [inner[0].cid]) == [.want([inner[1].cid])])
        try fetch.arrived(inner[1].cid, bytes: inner[1].bytes)
        #expect(try fetch.next() == .check(Array(leaves.suffix(3))))
    }

    @Test func innerBlockThatDoesNotArrive_isAnError() throws {
        var fetch = DAGFetch(root: tree().root)
        _ = try fetch.next()
        _ = fetch.answer(present: [])
        #expect(code { _ = try fetch.next() } == .incomplete)
    }
}
