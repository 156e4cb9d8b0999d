import BlockStore
import Core
import TestFolders
import Testing

struct CacheTests {
    private let minute: Duration = .seconds(60)

    @Test func collect_cacheOverItsLimit_dropsTheLeastRecentlyUsed() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder, cache: 10_000)
        let dags = try (1...3).map { try SampleDAG(files: [UInt64($0)]) }
        for (index, dag) in dags.enumerated() {
            try store.take(dag, .cache, owner: nil, at: now + minute * index)
        }
        let later = now + minute * 10
        for block in dags[0].blocks { #expect(try store.array(block.cid, at: later) == block.bytes) }
        try store.collect(at: later)
        let fourth = try SampleDAG(files: [4], leavesPerFile: 2)
        try store.take(fourth, .cache, owner: nil, at: later)
        try store.collect(at: later)
        #expect(store.accounting.cached <= 10_000)
        try expectWhole(dags[0], in: store)
        try expectWhole(fourth, in: store)
        try expectWhole(dags[2], in: store)
        #expect(try store.contains(dags[1].blocks.map(\.cid)).count < dags[1].blocks.count)
        #expect(try store.recount().isSound)
    }

    @Test func evict_pinnedBlocks_never() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder, storage: 12_000, cache: 12_000)
        let pinned = try SampleDAG(files: [1])
        try store.take(pinned, .cache, owner: nil)
        try store.pin(Pin(root: pinned.root, owner: "a"))
        for seed in 2...6 { try store.take(SampleDAG(files: [UInt64(seed)]), .cache, owner: nil) }
        try expectWhole(pinned, in: store)
        #expect(store.accounting.total - store.accounting.dead <= 12_000)
        #expect(try store.recount().isSound)
    }

    @Test func pinnedImport_needsSpace_evictsTheCache() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder, storage: 9_000, cache: 9_000)
        try store.take(SampleDAG(files: [1]), .cache, owner: nil)
        try store.take(SampleDAG(files: [2]), .cache, owner: nil)
        let dag = try SampleDAG(files: [3])
        try store.collect(at: now)
        try store.take(dag)
        try expectWhole(dag, in: store)
        #expect(store.counters.evicted > 0)
        #expect(try store.recount().isSound)
    }

    @Test func staged_blocks_stayUntilTheirTime() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder, cache: 1_000)
        let dag = try SampleDAG(files: [1, 2])
        let session = try store.beginImport(.staged(until: now + minute), at: now)
        for block in dag.blocks.dropLast() { try session.append(block) }
        try session.commit(at: now)
        try store.collect(at: now)
        #expect(store.accounting.staged == Int64(dag.bytes - dag.blocks[dag.blocks.count - 1].bytes.count))
        #expect(try store.state(ofDAG: dag.root, missingMax: 5).missing == [dag.root])
        try store.collect(at: now + minute * 2)
        #expect(store.accounting.staged == 0)
        #expect(store.accounting.cached <= 1_000)
        #expect(try store.recount().isSound)
    }

    @Test func staged_dagThatBecameWhole_isPinned() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let store = try makeStore(folder, cache: 1_000)
        let dag = try SampleDAG(files: [1, 2])
        for part in [dag.blocks.suffix(4), dag.blocks.dropLast(4)] {
            let session = try store.beginImport(.staged(until: now + minute), at: now)
            for block in part { try session.append(block) }
            try session.commit(at: now)
        }
        try store.pin(Pin(root: dag.root, owner: "a"))
        try store.collect(at: now + minute * 5)
        try expectWhole(dag, in: store)
        #expect(store.accounting.pinned == Int64(dag.bytes))
        #expect(try store.recount().isSound)
    }
}
