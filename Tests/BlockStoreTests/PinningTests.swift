import BlockStore
import Content
import Core
import TestFolders
import Testing

struct PinningTests {
    @Test func unpin_ofOneOfTwoVersions_keepsWhatTheyShare() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let first = try SampleDAG(files: [1, 2, 3])
        let second = try SampleDAG(files: [1, 2, 4])
        try store.take(first, owner: "v1")
        try store.take(second, owner: "v2")
        #expect(try store.unpin(Pin(root: first.root, owner: "v1")))
        try store.collect(at: now)
        try expectWhole(second, in: store)
        let shared = Set(second.blocks.map(\.cid))
        for block in first.blocks where !shared.contains(block.cid) {
            #expect(try store.contains(block.cid) == false)
        }
        #expect(store.accounting.total == Int64(second.bytes))
        #expect(try store.recount().isSound)
    }

    @Test func pin_twoOwnersOfOneRoot_countTwice() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let dag = try SampleDAG(files: [1])
        try store.take(dag, owner: "a")
        #expect(try store.pin(Pin(root: dag.root, owner: "b")))
        #expect(try store.pin(Pin(root: dag.root, owner: "b")) == false)
        #expect(try store.unpin(Pin(root: dag.root, owner: "a")))
        try store.collect(at: now)
        try expectWhole(dag, in: store)
        #expect(try store.unpin(Pin(root: dag.root, owner: "b")))
        try store.collect(at: now)
        #expect(try store.contains(dag.root) == false)
        #expect(store.accounting.total == 0)
        #expect(try folder.names("blocks/volumes") == [])
        #expect(try store.unpin(Pin(root: dag.root, owner: "b")) == false)
    }

    @Test func pin_incompleteDAG_isRefusedWhole() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let dag = try SampleDAG(files: [1, 2])
        let missing = dag.leaves[4]
        let session = try store.beginImport(.pinned, at: now)
        for block in dag.blocks where block != missing { try session.append(block) }
        let error = #expect(throws: BlockStoreError.self) {
            try session.commit(pins: [Pin(root: dag.root, owner: "a")], at: now)
        }
        #expect(error?.code == .incomplete)
        #expect(error?.cid == missing.cid)
        #expect(try store.pins().isEmpty)
        #expect(store.accounting.total == 0)
    }

    @Test func pin_cachedDAG_isPinnedInPlace() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let dag = try SampleDAG(files: [1, 2])
        try store.take(dag, .cache, owner: nil)
        #expect(store.accounting.cached == Int64(dag.bytes))
        try store.pin(Pin(root: dag.root, owner: "a"))
        #expect(store.accounting.pinned == Int64(dag.bytes))
        #expect(store.accounting.cached == 0)
        #expect(try store.isPinned(dag.leaves[0].cid))
        #expect(try store.recount().isSound)
    }

    @Test func pin_whileItsReleaseWaits_keepsEverything() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let dag = try SampleDAG(files: [1, 2])
        try store.take(dag, owner: "a")
        try store.unpin(Pin(root: dag.root, owner: "a"))
        try store.pin(Pin(root: dag.root, owner: "b"))
        try store.collect(at: now)
        try expectWhole(dag, in: store)
        #expect(try store.recount().isSound)
    }

    @Test func collectOnce_interrupted_goesOnAfterReopen() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let dag = try SampleDAG(files: Array(1...8))
        do {
            let store = try makeStore(folder)
            try store.take(dag)
            try store.unpin(Pin(root: dag.root, owner: "test"))
            let summary = try store.collectOnce(blocksMax: 3, at: now)
            #expect(summary.collectedBlocks > 0 && summary.hasMore)
            #expect(try store.recount().isSound)
        }
        let store = try makeStore(folder)
        #expect(store.accounting.total > 0)
        while try store.collectOnce(blocksMax: 3, at: now).hasMore { #expect(try store.recount().isSound) }
        #expect(store.accounting.total == 0)
        #expect(try folder.names("blocks/volumes") == [])
    }

    @Test func collect_blockThatASessionFoundStored_staysUntilItEnds() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let dag = try SampleDAG(files: [1, 2])
        try store.take(dag, owner: "old")
        let session = try store.beginImport(.pinned, at: now)
        for block in dag.blocks { try session.append(block) }
        try store.unpin(Pin(root: dag.root, owner: "old"))
        try store.collect(at: now)
        try session.commit(pins: [Pin(root: dag.root, owner: "new")], at: now)
        try expectWhole(dag, in: store)
        #expect(try store.recount().isSound)
    }

    @Test func pin_fileWithOneLeafManyTimes_isReleasedWhole() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let leaf = Block(hashing: [UInt8](repeating: 5, count: 100), codec: .raw)
        var builder = FileDAGBuilder(width: 4)
        var blocks = [leaf]
        for _ in 0..<9 { blocks += builder.addLeaf(leaf.cid, size: 100) }
        let file = builder.finish()
        blocks += file.blocks
        let session = try store.beginImport(.pinned, at: now)
        for block in blocks { try session.append(block) }
        try session.commit(pins: [Pin(root: file.root, owner: "a")], at: now)
        #expect(try store.recount().isSound)
        try store.unpin(Pin(root: file.root, owner: "a"))
        try store.collect(at: now)
        #expect(store.accounting.total == 0)
        #expect(try store.recount().isSound)
    }

    @Test func collect_smallReleasedLeaves_giveWholePagesBack() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder)
        let kept = try SampleDAG(files: [1], leavesPerFile: 1)
        let gone = try SampleDAG(files: [2], leavesPerFile: 12)
        let session = try store.beginImport(.pinned, at: now)
        for block in kept.blocks + gone.blocks { try session.append(block) }
        try session.commit(
            pins: [Pin(root: kept.root, owner: "a"), Pin(root: gone.root, owner: "b")],
            at: now
        )
        let before = TemporaryFolder.allocated(folder.path + "/blocks/volumes/000001.vol")
        try store.unpin(Pin(root: gone.root, owner: "b"))
        while try store.collectOnce(blocksMax: 2, at: now).hasMore {}
        try expectWhole(kept, in: store)
        #expect(store.accounting.dead == 0)
        #expect(try store.recount().isSound)
        #expect(TemporaryFolder.allocated(folder.path + "/blocks/volumes/000001.vol") < before)
    }
}
